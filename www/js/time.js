// SPDX-License-Identifier: ISC
/** Moments and durations, in words. The service speaks ISO 8601 in UTC. */
import { element } from "./dom.js";
import { language, say } from "./text.js";

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE;
/** Milliseconds of a day. */
export const DAY = 24 * HOUR;

const steps = [["year", 365 * DAY], ["month", 30 * DAY], ["day", DAY], ["hour", HOUR], ["minute", MINUTE]];
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const exactFormat = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
const dayFormat = new Intl.DateTimeFormat(language, { dateStyle: "medium" });

/** "3 minutes ago", "in 2 days". */
export function ago(moment, now = Date.now()) {
	const distance = Date.parse(moment) - now;
	for (const [unit, length] of steps) {
		if (Math.abs(distance) >= length)
			return relative.format(Math.round(distance / length), unit);
	}
	return say("time.now");
}

/** The moment to the second, in the person's own time zone. */
export function exact(moment) {
	return exactFormat.format(new Date(moment));
}

/** The day of a moment. */
export function day(moment) {
	return dayFormat.format(new Date(moment));
}

/** "3 minutes ago" that shows the exact moment when pointed at; NEVER where there is none. */
export function agoNode(moment, never) {
	if (!moment)
		return element("span", { class: "none" }, never);
	return element("time", { datetime: moment, title: exact(moment) }, ago(moment));
}

/** Is MOMENT less than a week away? */
export function isNear(moment, now = Date.now()) {
	return moment !== null && Date.parse(moment) - now < 7 * DAY;
}
