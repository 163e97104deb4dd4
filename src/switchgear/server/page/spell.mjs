// Owns finding the spell of a circuit that a record fell into: from the move that began it to the one that ended it.
import { useEffect, useState } from "preact/hooks";
import { get } from "./api.mjs";
import { clock, words } from "./format.mjs";

const MOVES = 200;
const QUIET = new Set(["closed", "forced_closed", "metrics_only"]);

const quiet = (state) => QUIET.has(state);

/**
 * The spell at a time, of moves in their order: from leaving closed to being closed again, or the closed time between.
 * Null when no move tells of it.
 */
export function spellOf(moves, atMs, atId) {
  const before = (move) => move.at_ms < atMs || (move.at_ms === atMs && move.id <= atId);
  const past = moves.filter(before);
  const coming = moves.filter((move) => !before(move));
  const state = past.at(-1)?.detail.new ?? coming[0]?.detail.old;
  if (!state) return null;
  const turn = (move) => quiet(move.detail.old) !== quiet(move.detail.new);
  const begun = past.findLast(turn);
  const ended = coming.find(turn);
  return { state: begun?.detail.new ?? state, sinceMs: begun?.at_ms ?? null, untilMs: ended?.at_ms ?? null };
}

export function spellWords({ state, sinceMs, untilMs }) {
  const from = sinceMs === null ? "" : ` from ${clock(sinceMs).slice(0, 8)}`;
  return `${words(state)}${from}${untilMs === null ? " on" : ` ${from ? "to" : "until"} ${clock(untilMs).slice(0, 8)}`}`;
}

/** The spell and the filter that shows it; null while nothing is known of one. */
export function useSpell(record) {
  const [spell, setSpell] = useState(null);
  const { exchange, method, account, at_ms: atMs, id } = record;
  useEffect(() => {
    setSpell(null);
    if (!exchange || !method) return undefined;
    const ended = new AbortController();
    const key = { exchange, method, account };
    const asked = { ...key, event: "circuit_moved", limit: MOVES, count: "no" };
    const ask = (part) => get("logs", { ...asked, ...part }, ended.signal);
    Promise.all([ask({ until: atMs }), ask({ since: atMs + 1 })])
      .then(([past, coming]) => {
        const moves = [...coming.records, ...past.records].reverse();
        const found = moves.length ? spellOf(moves, atMs, id) : null;
        if (!found || (found.sinceMs === null && found.untilMs === null)) return;
        const filter = { ...key, since: found.sinceMs, until: found.untilMs };
        setSpell({ words: spellWords(found), filter });
      })
      .catch((error) => ended.signal.aborted || console.info(`the circuit's moves are not known: ${error.message}`));
    return () => ended.abort();
  }, [id]);
  return spell;
}
