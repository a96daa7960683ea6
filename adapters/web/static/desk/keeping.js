// What outlives a page, where the browser keeps anything at all; else it lives as long as the page.
export function keeping(storage) {
  const memory = new Map();
  return {
    read(name) {
      try {
        return storage().getItem(name) ?? "";
      } catch {
        return memory.get(name) ?? "";
      }
    },
    write(name, value) {
      memory.set(name, value);
      try {
        if (value) storage().setItem(name, value);
        else storage().removeItem(name);
      } catch {
        // kept in memory
      }
    },
  };
}
