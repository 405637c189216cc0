"use strict";
// Shows /api/openapi.json. Texts of the document enter the page as text only, never as HTML.

const METHODS = ["get", "post", "put", "patch", "delete"];
let api;

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

// `code` and paragraphs are all of Markdown that the document uses.
function inline(text) {
  return text.split("`").map((piece, index) => (index % 2 ? make("code", {}, piece) : piece));
}

function paragraphs(text) {
  return (text || "").split("\n\n").filter((piece) => piece.trim()).map((piece) => make("p", {}, inline(piece)));
}

function resolve(value) {
  if (!value || !value.$ref) return value;
  return value.$ref.slice(2).split("/").reduce((node, key) => node[key], api);
}

function typeOf(schema) {
  const found = resolve(schema) || {};
  if (found.const !== undefined) return JSON.stringify(found.const);
  if (found.enum) return found.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (found.anyOf) return found.anyOf.map(typeOf).join(" | ");
  if (found.type === "array") return `array of ${typeOf(found.items)}`;
  if (found.type === "object" && schema.$ref) return schema.$ref.split("/").pop();
  return [found.type || (found.contentMediaType ? "file" : "any"), found.format || found.contentMediaType].filter(Boolean).join(", ");
}

function boundsOf(schema) {
  const found = resolve(schema) || {};
  const bounds = [];
  if (found.minimum !== undefined) bounds.push(`≥ ${found.minimum}`);
  if (found.maximum !== undefined) bounds.push(`≤ ${found.maximum}`);
  if (found.minLength !== undefined) bounds.push(`at least ${found.minLength} characters`);
  if (found.maxLength !== undefined) bounds.push(`at most ${found.maxLength} characters`);
  if (found.default !== undefined) bounds.push(`default ${JSON.stringify(found.default)}`);
  return bounds.join(", ");
}

function table(headings, rows) {
  if (!rows.length) return null;
  return make("table", {},
    make("thead", {}, make("tr", {}, headings.map((heading) => make("th", {}, heading)))),
    make("tbody", {}, rows.map((cells) => make("tr", {}, cells.map((cell) => make("td", {}, cell))))));
}

function fields(schema) {
  const found = resolve(schema) || {};
  if (found.type === "array") return fields(found.items);
  if (!found.properties) return null;
  const required = new Set(found.required || []);
  return table(["field", "type", ""], Object.entries(found.properties).map(([name, property]) => [
    [make("code", {}, name), required.has(name) ? null : make("span", { class: "soft" }, " optional")],
    typeOf(property),
    [boundsOf(property), (resolve(property) || {}).description ? " " : null, inline((resolve(property) || {}).description || "")].flat(),
  ]));
}

function examples(media) {
  return Object.values(media.examples || {}).map((example) => make("pre", {}, JSON.stringify(example.value, null, 2)));
}

function parameters(operation) {
  const rows = (operation.parameters || []).map(resolve).map((parameter) => [
    [make("code", {}, parameter.name), make("span", { class: "soft" }, ` ${parameter.in}`)],
    [typeOf(parameter.schema), make("div", { class: "soft" }, boundsOf(parameter.schema))],
    inline(parameter.description || ""),
  ]);
  return rows.length ? [make("h4", {}, "Parameters"), table(["name", "type", ""], rows)] : [];
}

function requestBody(operation) {
  if (!operation.requestBody) return [];
  return Object.entries(operation.requestBody.content).flatMap(([type, media]) => [
    make("h4", {}, `Request, ${type}`), fields(media.schema), ...examples(media),
  ]);
}

function headers(answer) {
  const rows = Object.entries(answer.headers || {}).map(([name, header]) => [
    make("code", {}, name), inline((resolve(header) || {}).description || ""),
  ]);
  return table(["header", ""], rows);
}

function codes(media) {
  return table(["code", "message"], Object.values(media.examples || {}).map(({ value }) => [
    make("code", {}, value.code), value.message,
  ]));
}

function response(status, answer) {
  const good = status < 300;
  const media = Object.values(answer.content || {})[0] || {};
  const isError = Object.values(media.examples || {}).some(({ value }) => value && value.code);
  return make("details", good ? { open: "" } : {},
    make("summary", {}, make("span", { class: `status ${good ? "ok" : "bad"}` }, status), " ", ...inline(answer.description)),
    isError ? codes(media) : fields(media.schema || {}),
    ...(isError ? [] : examples(media)),
    headers(answer));
}

function links(operation) {
  const found = Object.values(operation.responses).flatMap((answer) => Object.values(answer.links || {}));
  if (!found.length) return [];
  return [make("h4", {}, "What follows"), make("ul", {}, found.map((link) => make("li", {},
    make("a", { href: `#${link.operationId}` }, link.operationId), ": ", link.description)))];
}

function method(name) {
  return make("span", { class: `method ${name}` }, name.toUpperCase());
}

function article({ path, name, operation }) {
  const locked = (operation.security || []).length > 0;
  return make("article", { id: operation.operationId },
    make("h3", {}, operation.summary),
    make("div", { class: "route" }, method(name), make("code", {}, path),
      locked ? make("span", { class: "lock" }, "needs a token") : null),
    paragraphs(operation.description),
    parameters(operation), requestBody(operation),
    make("h4", {}, "Answers"),
    Object.entries(operation.responses).map(([status, answer]) => response(status, answer)),
    links(operation));
}

function operationsOf(tag) {
  return Object.entries(api.paths).flatMap(([path, item]) => METHODS.filter((name) => item[name])
    .map((name) => ({ path, name, operation: item[name] })))
    .filter(({ operation }) => operation.tags.includes(tag.name));
}

function show() {
  const contents = document.getElementById("contents");
  const page = document.getElementById("document");
  page.replaceChildren(make("h1", {}, api.info.title), make("p", { class: "soft" },
    `OpenAPI ${api.openapi}, version ${api.info.version}. The document itself: `,
    make("a", { href: "/api/openapi.json" }, "/api/openapi.json")), ...paragraphs(api.info.description));
  for (const tag of api.tags) {
    const found = operationsOf(tag);
    contents.append(make("h2", {}, tag.name), ...found.map(({ name, operation }) =>
      make("a", { href: `#${operation.operationId}` }, method(name), operation.summary)));
    page.append(make("h2", {}, tag.name), ...paragraphs(tag.description), ...found.map(article));
  }
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

fetch("/api/openapi.json")
  .then((answer) => answer.json())
  .then((found) => { api = found; show(); })
  .catch((error) => { document.getElementById("state").textContent = `The document could not be shown: ${error}`; });
