// SPDX-License-Identifier: ISC
/** Requests and refusals over time, of one token or of the account. */
import { call } from "./api.js";
import { chart } from "./chart.js";
import { element, field, select } from "./dom.js";
import { load } from "./stage.js";
import { language, say } from "./text.js";
import { DAY, now } from "./time.js";

const HOUR = DAY / 24;
const hourLabel = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const hourShort = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const dayLabel = new Intl.DateTimeFormat(language, { dateStyle: "full" });
const dayShort = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });

/** The starts of the bars: COUNT whole hours, or days of the person's own time zone, up to now. */
function starts(days) {
	if (days === 1) {
		const last = Math.floor(now() / HOUR) * HOUR;
		return Array.from({ length: 24 }, (_, i) => last - (23 - i) * HOUR);
	}
	const today = new Date(now());
	return Array.from({ length: days }, (_, i) =>
		new Date(today.getFullYear(), today.getMonth(), today.getDate() - (days - 1 - i)).getTime());
}

/** HOURS, as the service sends them, gathered into bars of COUNTED ("requests" or "refusals"). */
function points(hours, days, counted) {
	const begin = starts(days);
	const [label, short] = days === 1 ? [hourLabel, hourShort] : [dayLabel, dayShort];
	const values = new Array(begin.length).fill(0);
	for (const hour of hours) {
		const i = begin.findLastIndex((start) => start <= Date.parse(hour.at));
		if (i >= 0)
			values[i] += hour[counted];
	}
	return begin.map((start, i) => ({ label: label.format(start), short: short.format(start), value: values[i] }));
}

/** Charts of the token with TOKENID, or of the whole account. */
export function activityCharts(tokenId = null) {
	const node = element("div", { class: "charts" });
	const range = select([1, 7, 30].map((days) => [String(days), say("activity.days", { count: days })]), "7",
		{ onchange: () => fill() });

	function fill() {
		const days = Number(range.value);
		return load(node, async () => {
			// One more: the first day of the person's time zone may begin before that many times 24 hours.
			const { data } = await call("GET", "admin/activity", { query: { tokenId, days: Math.min(days + 1, 31) } });
			return [chart(say("activity.requests"), points(data, days, "requests"), "uses"),
				chart(say("activity.refusals"), points(data, days, "refusals"), "refusals")];
		});
	}

	fill();
	return element("div", { class: "inline" }, field(say("activity.range"), range), node);
}
