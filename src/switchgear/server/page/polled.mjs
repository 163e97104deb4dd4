// Owns answers that are asked for again and again: only while the page is looked at, and one at a time.
import { useEffect, useState } from "preact/hooks";
import { get } from "./api.mjs";

/**
 * The newest answer, of which path, when it came (performance.now) and the newest error; the answer outlasts an error.
 * Another `again` asks at once. What cannot be asked so, or is not there, is not asked for again by itself.
 */
export function usePolled(path, everyMs, again = 0) {
  const [state, setState] = useState({ answer: null, of: null, error: null, atMs: 0 });
  useEffect(() => {
    const ended = new AbortController();
    let timer = 0;
    const ask = async () => {
      clearTimeout(timer);
      if (!document.hidden) {
        try {
          const answer = await get(path, {}, ended.signal);
          setState({ answer, of: path, error: null, atMs: performance.now() });
        } catch (error) {
          if (ended.signal.aborted) return;
          setState((before) => ({ ...before, error }));
          if (error.status === 400 || error.status === 404) return;
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
  }, [path, everyMs, again]);
  return state;
}

/** Seconds since an answer came, growing by itself, so that countdowns go on between two answers. */
export function useAge(atMs) {
  const [nowMs, setNowMs] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(performance.now()), 250);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, (nowMs - atMs) / 1000);
}
