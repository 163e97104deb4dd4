// Owns the one binding of htm to Preact; text in a template is always text, never markup.
import htm from "htm";
import { h } from "preact";

export const html = htm.bind(h);
