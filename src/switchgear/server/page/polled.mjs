// Owns answers that are asked for again and again: only while the page is looked at, and one at a time.
import { useEffect, useState } from "preact/hooks";
import { get } from "./api.mjs";

/** The newest answer, when it came (performance.now) and the newest error; the answer outlasts an error. */
export function usePolled(path, everyMs) {
  const [state, setState] = useState({ answer: null, error: null, atMs: 0 });
  useEffect(() => {
    const ended = new AbortController();
    let timer = 0;
    const ask = async () => {
      clearTimeout(timer);
      if (!document.hidden) {
        try {
          const answer = await get(path, {}, ended.signal);
          setState({ answer, error: null, atMs: performance.now() });
        } catch (error) {
          if (ended.signal.aborted) return;
          setState((before) => ({ ...before, error }));
        }
      }
      if (!ended.signal.aborted) timer = setTimeout(ask, everyMs);
    };
    const looked = () => document.hidden || ask();
    document.addEventListener("visibilitychange", looked);
    ask();
    return () => {
      ended.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", looked);
    };
  }, [path, everyMs]);
  return state;
}
