// Owns asking how many records match, by field and over time: at once for a new filter, and now and then while records come.
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "./api.mjs";

const EVERY_MS = 3_000;
/** Counting may take at most this part of the time of the program that is watched. */
const LOAD = 20;

/** The newest answer, whether it is of this filter (else of the one before, until its own is there), and the error. */
export function useOverview(filter, key, come) {
  const [state, setState] = useState({ answer: null, of: null, error: null });
  const asking = useRef({ timer: 0, atMs: 0, tookMs: 0, ask: null });
  useEffect(() => {
    const ended = new AbortController();
    const self = asking.current;
    self.ask = async () => {
      self.timer = 0;
      const begun = performance.now();
      try {
        const answer = await get("logs/overview", filter, ended.signal);
        setState({ answer, of: key, error: null });
      } catch (error) {
        if (!ended.signal.aborted) setState((before) => ({ ...before, error }));
      }
      self.atMs = performance.now();
      self.tookMs = self.atMs - begun;
    };
    self.ask();
    return () => {
      ended.abort();
      clearTimeout(self.timer);
      self.timer = 0;
    };
  }, [key]);
  useEffect(() => {
    const self = asking.current;
    if (!come || self.timer) return;
    const dueMs = self.atMs + Math.max(EVERY_MS, LOAD * self.tookMs) - performance.now();
    self.timer = setTimeout(() => self.ask(), Math.max(EVERY_MS / 3, dueMs));
  }, [come]);
  return { answer: state.answer, fresh: state.of === key, error: state.error };
}
