// SPDX-License-Identifier: ISC
/** Short messages at the edge of the page, read aloud by a screen reader. */
import { element } from "./dom.js";

const SHOWN_MILLISECONDS = 6000;

/** Says TEXT for a while. */
export function notice(text) {
	const node = element("p", { class: "notice" }, text);
	document.getElementById("notices").append(node);
	setTimeout(() => node.remove(), SHOWN_MILLISECONDS);
}
