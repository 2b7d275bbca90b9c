// SPDX-License-Identifier: ISC
/** Nodes of the page. Text always becomes a text node: nothing here reads markup. */

const SVG = "http://www.w3.org/2000/svg";

function fill(node, properties, children) {
	for (const [name, value] of Object.entries(properties)) {
		if (name.startsWith("on"))
			node.addEventListener(name.slice(2), value);
		else if (name === "value")
			node.value = value;
		else if (value === true)
			node.setAttribute(name, "");
		else if (value !== false && value !== null && value !== undefined)
			node.setAttribute(name, value);
	}
	node.append(...children.flat(Infinity).filter((child) => child || child === 0 || child === ""));
	return node;
}

/**
 * Makes an element. PROPERTIES are attributes (true: present, false or null: absent) and, where
 * they begin with "on", listeners. CHILDREN are nodes, texts, lists of them, or null or
 * false: nothing.
 */
export function element(name, properties = {}, ...children) {
	return fill(document.createElement(name), properties, children);
}

/** The same for a part of a drawing. */
export function drawing(name, properties = {}, ...children) {
	return fill(document.createElementNS(SVG, name), properties, children);
}

/** HANDLER for an event; until what it began has ended, another event does nothing. */
export function once(handler) {
	let running = false;
	return async (event) => {
		event.preventDefault();
		if (running)
			return;
		running = true;
		try {
			await handler();
		} finally {
			running = false;
		}
	};
}

/** A button that does something here, once at a time; a link (element "a") leads somewhere. */
export function button(label, onclick, properties = {}) {
	return element("button", { type: "button", onclick: once(onclick), ...properties }, label);
}

let lastId = 0;

/** An id that no other element has, for labels and descriptions. */
export function freshId() {
	lastId += 1;
	return `id-${lastId}`;
}

/** LABEL above CONTROL, with HINT below it. */
export function field(label, control, hint = null) {
	control.id ||= freshId();
	const hintId = hint ? `${control.id}-hint` : null;
	if (hint)
		control.setAttribute("aria-describedby", hintId);
	return element("div", { class: "field" },
		element("label", { for: control.id }, label), control,
		hint && element("p", { class: "hint", id: hintId }, hint));
}

/** A box to tick, with its label behind it and perhaps a hint. Returns [node, input]. */
export function checkbox(label, properties = {}, hint = null) {
	const input = element("input", { type: "checkbox", id: freshId(), ...properties });
	const hintId = `${input.id}-hint`;
	if (hint)
		input.setAttribute("aria-describedby", hintId);
	const node = element("div", { class: "choice" }, input,
		element("label", { for: input.id }, label),
		hint && element("p", { class: "hint", id: hintId }, hint));
	return [node, input];
}

/** A choice of one; CHOICES are [value, label] or [value, label, disabled]. */
export function select(choices, chosen, properties = {}) {
	return element("select", properties, choices.map(([value, label, disabled = false]) =>
		element("option", { value, selected: value === chosen, disabled }, label)));
}
