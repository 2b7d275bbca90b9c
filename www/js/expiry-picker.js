// SPDX-License-Identifier: ISC
/** Choosing when a token ends. */
import { element, field, select } from "./dom.js";
import { say } from "./text.js";
import { DAY, exact, now } from "./time.js";

const HOUR_SECONDS = 3600, DAY_SECONDS = 86400;
const durations = [["hour", HOUR_SECONDS], ["day", DAY_SECONDS], ["week", 7 * DAY_SECONDS],
	["month", 30 * DAY_SECONDS], ["quarter", 90 * DAY_SECONDS], ["year", 365 * DAY_SECONDS]];

/** A moment as an input of type datetime-local wants it: in the person's own time zone. */
function localText(moment) {
	const date = new Date(moment);
	return new Date(date - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

/**
 * LATEST: the latest end that may be chosen, null for none; REASON says why. KEEP: offers to leave
 * the end as it is (a change).
 */
export class ExpiryPicker {
	#choice;
	#date;

	constructor({ latest, reason, keep = false, changed }) {
		const longest = latest ? ["latest", say("expiry.latest", { moment: exact(latest) })] :
			["never", say("expiry.never")];
		const room = latest ? (Date.parse(latest) - now()) / 1000 : Infinity;
		const usual = durations.findLast(([, seconds]) => seconds <= Math.min(room, 90 * DAY_SECONDS));
		this.#choice = select([keep ? ["keep", say("expiry.keep")] : longest,
			...durations.map(([name, seconds]) => [String(seconds), say(`expiry.${name}`), seconds > room]),
			["date", say("expiry.date")],
		], keep ? "keep" : usual ? String(usual[1]) : "latest", { name: "expiry", onchange: () => {
			dateField.hidden = this.#choice.value !== "date";
			changed();
		} });
		this.#date = element("input", { type: "datetime-local", min: localText(now() + 60000),
			max: latest && localText(latest), value: localText(Math.min(now() + 30 * DAY, Date.parse(latest ?? "9999-01-01"))),
			oninput: changed });
		const dateField = field(say("expiry.on"), this.#date);
		dateField.hidden = true;
		this.node = element("div", { "data-field": "expiresAt" },
			field(say("token.expires"), this.#choice, latest ? reason : null), dateField);
	}

	/** What a creation or change sends: {}, {expiresIn} or {expiresAt}. */
	value() {
		const { value } = this.#choice;
		if (value === "date")
			return { expiresAt: this.#date.value ? new Date(this.#date.value).toISOString() : "" };
		if (["keep", "never", "latest"].includes(value))
			return {};
		return { expiresIn: Number(value) };
	}

	/** The moment itself, for a preview; undefined: left as it is, or the caller's own end. */
	moment() {
		const { expiresIn, expiresAt } = this.value();
		return expiresIn ? new Date(now() + expiresIn * 1000).toISOString() : expiresAt || undefined;
	}
}
