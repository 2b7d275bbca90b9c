// SPDX-License-Identifier: ISC
/** All words of the console, in the language of the person; what the service sends stays as it is. */
import de from "../text/de.js";
import en from "../text/en.js";

const texts = { en, de };
const STORED = "claviger-language";

/** What can be chosen: code and own name. */
export const languages = [["en", "English"], ["de", "Deutsch"]];

function firstLanguage() {
	const wanted = [localStorage.getItem(STORED), ...navigator.languages.map((tag) => tag.slice(0, 2))];
	return wanted.find((code) => Object.hasOwn(texts, code)) ?? "en";
}

/** The language in force: "en" or "de". */
export const language = firstLanguage();

/** Keeps the choice and starts anew in it. */
export function chooseLanguage(code) {
	localStorage.setItem(STORED, code);
	location.reload();
}

const plural = new Intl.PluralRules(language);
const number = new Intl.NumberFormat(language);

/** COUNT as this language writes numbers. */
export function counted(count) {
	return number.format(count);
}

function pattern(key, values) {
	const found = texts[language][key];
	if (found === undefined)
		throw new Error(`no text ${key}`);
	return typeof found === "string" ? found : found[plural.select(values.count)] ?? found.other;
}

/** The text KEY, with {name} replaced by VALUES.name; one with plural forms chooses by VALUES.count. */
export function say(key, values = {}) {
	return pattern(key, values).replace(/\{(\w+)\}/g, (_, name) =>
		typeof values[name] === "number" ? counted(values[name]) : values[name]);
}

/** The same as a list of texts and nodes, where VALUES hold nodes. */
export function sayWith(key, values) {
	return pattern(key, values).split(/(\{\w+\})/).map((part) =>
		part.startsWith("{") ? values[part.slice(1, -1)] : part);
}

/** The text KEY if there is one, else OTHERWISE: for names that the service chooses. */
export function sayIfKnown(key, otherwise) {
	return Object.hasOwn(texts[language], key) ? texts[language][key] : otherwise;
}

/** ENGLISH as the text KEY says it; another sentence of the service stays as it is. */
export function translated(key, english) {
	return texts.en[key] === english ? say(key) : english;
}

/** ITEMS as this language lists them: "a, b and c". */
export function listed(items) {
	return new Intl.ListFormat(language, { type: "conjunction" }).format(items);
}
