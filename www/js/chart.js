// SPDX-License-Identifier: ISC
/** Bars over time, drawn here, with the same figures as a table for whoever does not see them. */
import { drawing, element } from "./dom.js";
import { table } from "./table.js";
import { counted, say } from "./text.js";

const WIDTH = 560, HEIGHT = 180, LEFT = 48, BOTTOM = 22, TOP = 10;

/** The least round number that is not below VALUE. */
function niceCeiling(value) {
	const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
	return [1, 2, 3, 4, 5, 6, 8, 10].map((factor) => factor * power).find((step) => step >= value);
}

function grid(top) {
	return [0, top / 2, top].filter(Number.isInteger).map((value) => {
		const y = HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP);
		return [drawing("line", { x1: LEFT, x2: WIDTH, y1: y, y2: y, class: "grid" }),
			drawing("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, counted(value))];
	});
}

function bar(point, i, step, top) {
	const height = (point.value / top) * (HEIGHT - BOTTOM - TOP);
	return point.value > 0 && drawing("rect", {
		x: LEFT + i * step + step * 0.1, width: step * 0.8, y: HEIGHT - BOTTOM - height, height, class: "bar",
	}, drawing("title", {}, `${point.label}: ${counted(point.value)}`));
}

/** Labels under the bars, as many as there is room for. */
function axis(points, step) {
	const every = Math.ceil(points.length / 6);
	return points.map((point, i) => i % every === 0 &&
		drawing("text", { x: LEFT + i * step, y: HEIGHT - 5 }, point.short));
}

/**
 * A figure titled TITLE. POINTS: [{label, short, value}] in order; LABEL says the whole moment,
 * SHORT what fits under the axis. KIND ("uses", "refusals") chooses the colour.
 */
export function chart(title, points, kind) {
	const sum = points.reduce((total, { value }) => total + value, 0);
	const top = niceCeiling(Math.max(...points.map(({ value }) => value), 2));
	const step = (WIDTH - LEFT) / points.length;
	const columns = [{ title: say("chart.when"), cell: ({ label }) => label },
		{ title, cell: ({ value }) => counted(value) }];
	return element("figure", { class: `chart ${kind}` },
		element("figcaption", {}, say("chart.sum", { title, count: sum })),
		drawing("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img",
			"aria-label": say("chart.sum", { title, count: sum }) },
		[grid(top), axis(points, step), points.map((point, i) => bar(point, i, step, top))].flat(Infinity)
			.filter(Boolean)),
		element("details", {}, element("summary", {}, say("chart.asTable")),
			table(title, columns, points.filter(({ value }) => value > 0))));
}
