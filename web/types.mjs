// TypeScript interfaces from the JSON schema of the document, so that page and document cannot part.

/** Return the text of src/view.ts. */
export function typesOf(schema) {
  const all = { ...schema.$defs, AnyDocument: { anyOf: schema.anyOf } };
  const parts = Object.keys(all).sort().map((name) => declared(name, all[name]));
  return `// Made from docs/view.schema.json by types.mjs; not to be edited.\n\n${parts.join("\n\n")}\n`;
}

function declared(name, one) {
  if (one.properties === undefined) return `export type ${name} = ${type(one)};`;
  const lines = Object.entries(one.properties).map(([field, inner]) => `  readonly ${field}: ${type(inner)};`);
  return `export interface ${name} {\n${lines.join("\n")}\n}`;
}

function type(one) {
  if (one.$ref !== undefined) return one.$ref.split("/").at(-1);
  if (one.const !== undefined) return JSON.stringify(one.const);
  if (one.enum !== undefined) return one.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (one.anyOf !== undefined) return one.anyOf.map(type).join(" | ");
  if (one.type === "array") {
    if (one.prefixItems !== undefined) return `readonly [${one.prefixItems.map(type).join(", ")}]`;
    const inner = type(one.items);
    return inner.includes("|") ? `readonly (${inner})[]` : `readonly ${inner.startsWith("readonly ") ? `(${inner})` : inner}[]`;
  }
  if (one.type === "object") return `Readonly<Record<string, ${type(one.additionalProperties)}>>`;
  return { string: "string", number: "number", integer: "number", boolean: "boolean", null: "null" }[one.type];
}
