// Which language the chat starts in, and its words.
export async function loadWords(wanted, offered) {
  const language = String(wanted || "").toLowerCase().split("-")[0];
  const chosen = offered.includes(language) ? language : "en";
  try {
    return { language: chosen, words: (await import(`./words/${chosen}.js`)).default };
  } catch {
    return { language: "en", words: (await import("./words/en.js")).default };
  }
}
