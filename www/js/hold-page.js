// SPDX-License-Identifier: ISC
/** While a key is on its way or being shown, the browser asks before the page is left. */

/** Returns what ends it. Two keys hold the page apart from each other. */
export function holdPage() {
	const hold = (event) => event.preventDefault();
	addEventListener("beforeunload", hold);
	return () => removeEventListener("beforeunload", hold);
}
