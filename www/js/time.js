// SPDX-License-Identifier: ISC
/** Moments and durations, in words. The service speaks ISO 8601 in UTC. */
import { element } from "./dom.js";
import { language, say } from "./text.js";

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE;
/** Milliseconds of a day. */
export const DAY = 24 * HOUR;
/* A slow answer alone is no other clock. */
const CLOSE = 10 * SECOND;

const steps = [["year", 365 * DAY], ["month", 30 * DAY], ["day", DAY], ["hour", HOUR], ["minute", MINUTE]];
// Not "yesterday": that many hours ago may be the day before.
const relative = new Intl.RelativeTimeFormat(language);
const exactFormat = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
const dayFormat = new Intl.DateTimeFormat(language, { dateStyle: "medium" });

/** How far the service's clock is ahead of ours. */
let ahead = 0;

/** Goes by the clock of the service from now on, as far as an answer's DATE (to the second) tells it. */
export function setClock(date) {
	const distance = Date.parse(date) - Date.now();
	if (Number.isFinite(distance))
		ahead = Math.abs(distance) < CLOSE ? 0 : distance;
}

/** The moment by the service's clock, in milliseconds: ours may be wrong. */
export function now() {
	return Date.now() + ahead;
}

/** "3 minutes ago", "in 2 days". */
export function ago(moment) {
	const distance = Date.parse(moment) - now();
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
export function isNear(moment) {
	return moment !== null && Date.parse(moment) - now() < 7 * DAY;
}
