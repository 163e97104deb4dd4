// Owns how an order reads: what it trades, for how much; amounts stay the text that they came as.

/** What stands for the amount: of the base asset, or of the quote asset with its name. */
export function amount(order) {
  if (order.quantity !== null) return order.quantity;
  return order.quote_quantity === null ? "–" : `${order.quote_quantity} ${order.symbol.split("/")[1] ?? ""}`;
}

/** limit 42000; stop limit 42000, once at 41000; market. */
export function terms(order) {
  const stop = order.stop_price ? `, once at ${order.stop_price}` : "";
  return order.type.replace("_", " ") + (order.price === null ? "" : ` ${order.price}`) + stop;
}

/** buy 0.5 BTC/USDT, limit 42000. */
export const sentence = (order) => `${order.side} ${amount(order)} ${order.symbol}, ${terms(order)}`;

/** The mark of an order: its state, but of one that was rejected and never sent that. */
export const markOf = (intent) => (intent.never_left ? "not_sent" : intent.state);

/** The mark of a move: what the order came to be; one that never left was about to be sent, whatever was counted beforehand. */
export const moveMark = (move, intent) => (intent.never_left && move.new === "sent" ? "about_to_send" : move.new);

/** From where a move came, where that is worth a word: nobody moved from sent whose order never left. */
export const moveFrom = (move, intent) => (intent.never_left && move.old === "sent" ? null : move.old);

export const placeWords = (place) =>
  place.exchange ? `${place.exchange}, account ${place.account}` : "all exchanges and accounts";
