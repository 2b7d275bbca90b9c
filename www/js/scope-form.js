// SPDX-License-Identifier: ISC
/** The fields that say what a token is and may do: for a creation and for narrowing. */
import { element, field } from "./dom.js";
import { ExpiryPicker } from "./expiry-picker.js";
import { PermissionPicker } from "./permission-picker.js";
import { sentence } from "./problem.js";
import { addressPhrase, permissionSentence, untilPhrase, websitePhrases } from "./scope.js";
import { may, me } from "./session.js";
import { say } from "./text.js";
import { WebsitePicker } from "./website-picker.js";

/** Of OUTER, a token, what may be given on: the catalogue with `granted` for what lies inside it. */
function catalogueWithin(outer) {
	const { permissions } = me();
	return permissions.map((entry) => ({
		...entry,
		granted: entry.granted && (outer.permissions.includes("*") || outer.permissions.includes(entry.name)),
	}));
}

/* A deleted website cannot be given; where the caller may not ask which are there, all are named by their ids. */
function websitesWithin(outer) {
	const { websites } = me();
	if (!may("websites:read"))
		return outer.websiteIds.length === 0 ? null : outer.websiteIds.map((id) => ({ id, domain: id, name: id }));
	return outer.websiteIds.length === 0 ? websites : websites.filter(({ id }) => outer.websiteIds.includes(id));
}

/**
 * OUTER: the token whose scope is the limit; REASON says so where something lies outside it. START:
 * a record to begin with. CHANGE: fields that are left as they are may be left out.
 */
export class ScopeForm {
	constructor({ outer, reason, start, change = false }) {
		const changed = () => this.#preview && this.#showPreview();
		this.#outer = outer;
		this.#catalogue = catalogueWithin(outer);
		this.#name = element("input", { name: "name", autocomplete: "off", value: start.name ?? "" });
		this.#permissions = new PermissionPicker({ catalogue: this.#catalogue, reason, changed,
			everything: outer.permissions.includes("*"), chosen: start.permissions,
			preset: (name) => name === "operations" && this.#websites.askWhich() });
		this.#websites = new WebsitePicker({ websites: websitesWithin(outer), reason, changed,
			all: outer.websiteIds.length === 0, chosen: start.websiteIds });
		this.#expiry = new ExpiryPicker({ latest: outer.expiresAt, reason, changed, keep: change });
		this.#addresses = element("textarea", { rows: "2", spellcheck: "false", value: start.allowedIps.join("\n"),
			oninput: changed });
		this.#preview = element("section", { class: "card preview", "aria-label": say("preview.title") });
		this.node = element("div", { class: "scope-form" },
			element("div", { class: "fields" },
				element("div", { "data-field": "name" }, field(say("token.name"), this.#name, say("form.nameHint"))),
				this.#permissions.node, this.#websites.node, this.#expiry.node,
				element("div", { "data-field": "allowedIps" },
					field(say("token.addresses"), this.#addresses, say("form.addressesHint")))),
			this.#preview);
		this.#showPreview();
	}

	#outer;
	#catalogue;
	#name;
	#permissions;
	#websites;
	#expiry;
	#addresses;
	#preview;

	#addressList() {
		return this.#addresses.value.split(/[\s,]+/).filter(Boolean);
	}

	#showPreview() {
		const names = this.#permissions.value();
		const websites = this.#websites.value();
		const able = names.includes("*") ? [say("scope.everything")] :
			this.#catalogue.filter(({ name }) => names.includes(name)).map(permissionSentence);
		const end = this.#expiry.moment() ?? this.#outer.expiresAt;
		this.#preview.replaceChildren(
			element("h2", {}, say("preview.title")),
			able.length > 0 ? element("ul", {}, able.map((text) => element("li", {}, text))) :
				element("p", { class: "near" }, say("preview.nothing")),
			element("p", {}, websites === null ? say("preview.noWebsite") :
				say("preview.where", { websites: websitePhrases(websites).join(", ") })),
			element("p", {}, `${untilPhrase(end)}, ${addressPhrase(this.#addressList())}.`));
	}

	/**
	 * The fields of a creation or change; null where something is missing, which is then said beside
	 * the field.
	 */
	value() {
		this.clearProblem();
		const permissions = this.#permissions.value();
		const websiteIds = this.#websites.value();
		if (permissions.length === 0)
			return this.#complain("permissions", say("form.noPermission"));
		if (websiteIds === null)
			return this.#complain("websiteIds", say("form.noWebsite"));
		return { name: this.#name.value.trim() || null, permissions, websiteIds, allowedIps: this.#addressList(),
			...this.#expiry.value() };
	}

	#complain(name, text) {
		const place = this.node.querySelector(`[data-field="${name}"]`);
		place.append(element("p", { class: "problem", role: "alert" }, text));
		place.querySelector("input:not(:disabled), textarea, select").focus();
		return null;
	}

	clearProblem() {
		for (const node of this.node.querySelectorAll("[data-field] > .problem"))
			node.remove();
	}

	/** Shows PROBLEM beside the field that it names; says whether it names one of ours. */
	showProblem(problem) {
		const name = problem.field?.split("[")[0].replace("expiresIn", "expiresAt");
		if (!name || !this.node.querySelector(`[data-field="${CSS.escape(name)}"]`))
			return false;
		this.#complain(name, problem.message || sentence(problem));
		return true;
	}
}
