// SPDX-License-Identifier: ISC
/** What went wrong, as sentences that say what to do. */
import { Problem } from "./api.js";
import { button, element } from "./dom.js";
import { language, say, sayIfKnown } from "./text.js";

/** One sentence for PROBLEM in the person's language. */
export function sentence(problem) {
	if (!(problem instanceof Problem))
		return say("problem.console");
	const values = { count: problem.retryAfter || 1, status: problem.status };
	if (problem.reason && sayIfKnown(`problem.${problem.reason}`, null))
		return say(`problem.${problem.reason}`, values);
	if (sayIfKnown(`problem.status.${problem.status}`, null))
		return say(`problem.status.${problem.status}`, values);
	return say("problem.status", values);
}

/** PROBLEM as a box: our sentence, what the service said itself, and AGAIN, a button, if given. */
export function problemBox(problem, again = null) {
	if (!(problem instanceof Problem))
		console.error(problem);
	return element("div", { class: "problem", role: "alert" },
		element("p", {}, sentence(problem)),
		problem.message && problem instanceof Problem &&
			element("p", { class: "detail", lang: language === "en" ? null : "en" }, problem.message),
		problem.requestId &&
			element("p", { class: "detail" }, say("problem.request", { id: problem.requestId })),
		again && button(say("again"), again));
}
