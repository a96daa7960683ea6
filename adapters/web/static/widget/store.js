// What outlives a reload: the browser's storage, or the page around us where browsers forbid it inside a frame.
// Both may be missing: then it lives as long as the frame.
const memory = new Map();
let keep = () => {};

export function storageIsBlocked() {
  try {
    return !localStorage;
  } catch {
    return true;
  }
}

// `entries` is what the page has kept, `tell(key, value)` hands it more; null takes it back.
export function keepInPage(entries, tell) {
  for (const [key, value] of Object.entries(entries)) memory.set(key, value);
  keep = tell;
}

export function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? memory.get(key) ?? null;
  } catch {
    return memory.get(key) ?? null;
  }
}

export function write(key, value) {
  memory.set(key, value);
  keep(key, value);
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // kept in memory
  }
}

export function remove(key) {
  memory.delete(key);
  keep(key, null);
  try {
    localStorage.removeItem(key);
  } catch {
    // nothing was stored
  }
}
