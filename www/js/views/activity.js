// SPDX-License-Identifier: ISC
/** Requests and refusals of the whole account. */
import { activityCharts } from "../activity-charts.js";
import { element } from "../dom.js";
import { heading } from "../stage.js";
import { say } from "../text.js";

/** Fills MAIN. */
export function showActivity(main) {
	const title = say("nav.activity");
	main.append(heading(title), element("p", {}, say("activity.lead")), activityCharts());
	return title;
}
