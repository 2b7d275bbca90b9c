// SPDX-License-Identifier: ISC
/** Choosing permissions: by resource, with presets; what may not be given is shown with the reason. */
import { button, checkbox, element } from "./dom.js";
import { actionName, byResource, permissionSentence, resourceName } from "./scope.js";
import { say } from "./text.js";

/** Sets that people often want. Names that a catalogue lacks fall away. */
const presets = {
	reader: ["analytics:read", "goals:read", "funnels:read", "websites:read"],
	operations: ["analytics:read", "goals:read", "goals:write", "funnels:read", "funnels:write", "alerts:read",
		"alerts:write", "settings:read"],
	backend: ["api-keys:read"],
};

/**
 * CATALOGUE: its entries, with `granted` for what may be chosen. EVERYTHING: may "*" be chosen.
 * CHOSEN: names to start with. REASON says why something may not be. CHANGED is called after each
 * change, PRESET with the name of a preset that is taken.
 */
export class PermissionPicker {
	#boxes = new Map();
	#everything;
	#changed;

	constructor({ catalogue, everything, chosen, reason, changed, preset }) {
		this.#changed = changed;
		const [everythingNode, everythingBox] = checkbox(say("picker.everything"), {
			disabled: !everything, checked: chosen.includes("*"), onchange: () => this.#update(),
		}, everything ? say("picker.everythingHint") : reason);
		this.#everything = everythingBox;
		const groups = [...byResource(catalogue)].map(([resource, members]) =>
			element("fieldset", { class: "resource" }, element("legend", {}, resourceName(resource)),
				members.map((permission) => this.#permission(permission, chosen, reason))));
		this.node = element("fieldset", { class: "picker", "data-field": "permissions" },
			element("legend", {}, say("token.permissions")),
			this.#presetButtons(catalogue, preset), everythingNode, element("div", { class: "resources" }, groups));
		this.#update();
	}

	#permission(permission, chosen, reason) {
		const { name, granted } = permission;
		const [node, box] = checkbox([actionName(name), " ", element("code", {}, name)], {
			disabled: !granted, checked: granted && chosen.includes(name), value: name, onchange: () => this.#update(),
		}, [permissionSentence(permission), !granted && element("span", { class: "reason" }, " ", reason)]);
		if (granted)
			this.#boxes.set(name, box);
		return node;
	}

	#presetButtons(catalogue, taken) {
		const known = new Set(catalogue.map(({ name }) => name));
		return element("div", { class: "presets", role: "group", "aria-label": say("picker.presets") },
			Object.entries(presets).map(([preset, names]) => {
				const wanted = names.filter((name) => known.has(name));
				const missing = wanted.filter((name) => !this.#boxes.has(name));
				return wanted.length > 0 && button(say(`preset.${preset}`), () => {
					this.#choose(wanted);
					taken(preset);
				}, {
					disabled: missing.length > 0,
					title: missing.length > 0 ? say("picker.lacking", { names: missing.join(", ") }) : null,
				});
			}),
			button(say("preset.none"), () => this.#choose([])));
	}

	#choose(names) {
		this.#everything.checked = false;
		for (const [name, box] of this.#boxes)
			box.checked = names.includes(name);
		this.#update();
	}

	#update() {
		for (const box of this.#boxes.values())
			box.disabled = this.#everything.checked;
		this.#changed();
	}

	/** The chosen names; ["*"] for everything. */
	value() {
		if (this.#everything.checked)
			return ["*"];
		return [...this.#boxes].filter(([, box]) => box.checked).map(([name]) => name);
	}
}
