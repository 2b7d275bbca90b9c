// SPDX-License-Identifier: ISC
/** Choosing websites by their domains: all, or some. */
import { checkbox, element, field, freshId } from "./dom.js";
import { say } from "./text.js";

/**
 * WEBSITES: [{id, domain, name}] to choose from, null where the caller may not list them. ALL: may all
 * be chosen; REASON says why not. CHOSEN: ids to start with, [] for all.
 */
export class WebsitePicker {
	#boxes = new Map();
	#some;
	#ids = null;
	#list;
	#start;
	#tickedAtStart = null;

	constructor({ websites, all, reason, chosen, changed }) {
		const startWithAll = all && chosen.length === 0;
		const none = websites?.length === 0;
		const group = freshId();
		const [allNode] = this.#radio(group, say("picker.allWebsites"), startWithAll, !all, all ? null : reason, changed);
		const [someNode, some] = this.#radio(group, say("picker.someWebsites"), !startWithAll, none,
			none ? say("websites.none") : null, changed);
		this.#some = some;
		this.#list = websites ? this.#boxList(websites, chosen, changed) : this.#idField(chosen, changed);
		this.#list.hidden = startWithAll;
		this.#start = chosen;
		this.#tickedAtStart = this.#ticked().join();
		this.node = element("fieldset", { class: "picker", "data-field": "websiteIds" },
			element("legend", {}, say("token.websites")), allNode, someNode, this.#list);
	}

	#radio(name, label, checked, disabled, hint, changed) {
		return checkbox(label, { type: "radio", name, checked, disabled, onchange: () => {
			this.#list.hidden = !this.#some.checked;
			changed();
		} }, hint);
	}

	#boxList(websites, chosen, changed) {
		const rows = websites.map(({ id, domain, name }) => {
			const [node, box] = checkbox(name === domain ? domain : `${domain} (${name})`, {
				checked: chosen.includes(id), onchange: changed });
			this.#boxes.set(id, box);
			return [node, `${domain} ${name}`.toLowerCase()];
		});
		const filter = element("input", { type: "search", oninput: () => {
			const wanted = filter.value.toLowerCase();
			for (const [node, text] of rows)
				node.hidden = !text.includes(wanted);
		} });
		return element("div", {}, rows.length > 8 && field(say("picker.filterWebsites"), filter),
			element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": say("token.websites") },
				rows.map(([node]) => node)));
	}

	/* A caller that may not list websites can still name them. */
	#idField(chosen, changed) {
		this.#ids = element("textarea", { rows: "3", spellcheck: "false", value: chosen.join("\n"), oninput: changed });
		return field(say("picker.websiteIds"), this.#ids, say("picker.websiteIdsHint"));
	}

	/** Chooses "some", so that the person says which. */
	askWhich() {
		this.#some.click();
	}

	#ticked() {
		return this.#ids ? this.#ids.value.split(/[\s,]+/).filter(Boolean) :
			[...this.#boxes].filter(([, box]) => box.checked).map(([id]) => id);
	}

	/** The chosen ids; [] for all; null where "some" is chosen and none is. */
	value() {
		if (!this.#some.checked)
			return [];
		const ids = this.#ticked();
		// Left as it is, a list keeps the deleted ones, which have no box.
		if (this.#start.length > 0 && ids.join() === this.#tickedAtStart)
			return this.#start;
		return ids.length > 0 ? ids : null;
	}
}
