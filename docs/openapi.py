# SPDX-License-Identifier: ISC
"""Writes the description of the interface (fcgi/openapi.json, the argument) as a page of Markdown."""
import json
import sys

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
LIMITS = (("minimum", "at least {}"), ("maximum", "at most {}"), ("minLength", "of at least {}"),
          ("maxLength", "of at most {}"), ("minItems", "at least {}"), ("maxItems", "at most {}"),
          ("default", "{} where it is left out"))


def last(reference):
    return reference.rpartition("/")[2]


def kind(schema):
    """What a value of SCHEMA is, in a few words."""
    if "$ref" in schema:
        name = last(schema["$ref"])
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(kind(one) for one in schema["anyOf"])
    if "allOf" in schema:
        return ", ".join(kind(one) for one in schema["allOf"])
    if schema.get("type") == "array":
        return "array of " + kind(schema["items"])
    if "properties" in schema:
        return "with " + ", ".join(f"`{name}`" for name in schema["properties"])
    named = schema.get("type", "object")
    return " or ".join(named) if isinstance(named, list) else named


def words(schema):
    """What else is said of a value: the sentence, then its limits."""
    said = [text.format(json.dumps(schema[name])) for name, text in LIMITS if name in schema]
    return "; ".join(filter(None, [schema.get("description"), *said]))


def table(heads, rows):
    yield "| " + " | ".join(heads) + " |"
    yield "|---" * len(heads) + "|"
    yield from ("| " + " | ".join(row) + " |" for row in rows)
    yield ""


def fields(schema):
    needed = schema.get("required", [])
    return table(("field", "type", "there", "notes"), (
        (f"`{name}`", kind(one), "always" if name in needed else "", words(one))
        for name, one in schema["properties"].items()))


def content(part):
    """The type of a body, and what it is; of an envelope, what is in it."""
    for media, body in part.get("content", {}).items():
        inside = {name: one for name, one in body["schema"].get("properties", {}).items()
                  if name != "status"}
        if "data" in inside:
            inside["data"] = inside["data"]["items"]
            return "; ".join(f"`{name}`: {kind(one)}" for name, one in inside.items())
        found = kind(body["schema"])
        return found if media == "application/json" else f"{found} (`{media}`)"
    return ""


def call(parts, path, operations, shared):
    """OPERATIONS: {method: operation} that differ in nothing but the method."""
    operation = next(iter(operations.values()))
    methods = ", ".join(operations).upper()
    names = ", ".join(f"`{one['operationId']}`" for one in operations.values())
    yield f"### {operation['summary']}\n"
    needs = operation.get("x-permission")
    yield f"`{methods} {path}`" + (f", needs `{needs}`" if needs else "") + f"; {names}\n"
    parameters = [parts["parameters"][last(one["$ref"])] if "$ref" in one else one
                  for one in shared + operation.get("parameters", [])]
    if parameters:
        yield from table(("parameter", "in", "type", "notes"), (
            (f"`{one['name']}`", one["in"], kind(one["schema"]),
             "; ".join(filter(None, (one.get("description"), words(one["schema"])))))
            for one in parameters))
    if "requestBody" in operation:
        yield f"The body: {content(operation['requestBody'])}\n"
    yield from table(("answer", "what it is", "what is in it"), (
        (status, f"[{last(answer['$ref'])}](#{last(answer['$ref']).lower()})", "") if "$ref" in answer
        else (status, answer["description"], content(answer))
        for status, answer in operation["responses"].items()))


def schema_section(name, schema):
    yield f"### {name}\n"
    own = [one for one in schema.get("allOf", [schema]) if "properties" in one]
    if "allOf" in schema:
        yield "All of " + ", ".join(kind(one) for one in schema["allOf"] if "$ref" in one) + ", and:\n"
    elif not own:
        pattern = f" of the form `{schema['pattern']}`" if "pattern" in schema else ""
        form = f" ({schema['format']})" if "format" in schema else ""
        yield "; ".join(filter(None, (kind(schema) + pattern + form, words(schema)))) + "\n"
    elif "description" in schema:
        yield schema["description"] + ".\n"
    for one in own:
        yield from fields(one)


def refusal(name, answer):
    yield f"### {name}\n"
    yield answer["description"] + ".\n"
    schema = answer["content"]["application/json"]["schema"]
    reasons = [reason for one in schema.get("allOf", [])[1:] for reason in
               one["properties"]["error"]["properties"]["reason"]["enum"]]
    if reasons:
        yield "`reason`: " + ", ".join(f"`{one}`" for one in reasons) + "\n"
    if "headers" in answer:
        yield from table(("header", "what it says"), ((f"`{header}`", one["description"])
                                          for header, one in answer["headers"].items()))


def page(document):
    info, parts = document["info"], document["components"]
    yield "# OpenAPI\n"
    yield f"{info['description']}\n"
    yield (f"This page is made of the description in OpenAPI {document['openapi']}, "
           "[openapi.json](openapi.json), which the service answers at `/api/v1/openapi.json` too, for "
           "programs that make clients. [The interface](api.md) explains it with examples.\n")
    yield "## Calls\n"
    for path, item in document["paths"].items():
        alike = {}
        for method in METHODS:
            if method in item:
                alike.setdefault(item[method]["summary"], {})[method] = item[method]
        for operations in alike.values():
            yield from call(parts, path, operations, item.get("parameters", []))
    yield "## Schemas\n"
    for name, schema in parts["schemas"].items():
        yield from schema_section(name, schema)
    yield "## Refusals\n"
    yield "Each is an [Error](#error).\n"
    for name, answer in parts["responses"].items():
        yield from refusal(name, answer)


print("\n".join(page(json.load(open(sys.argv[1], encoding="utf-8")))))
