// Translates a CQL library and replays states: prints a line for each state in which a define is not what it should be.
//
// Arguments: the CQL file, and a file with a JSON object a line: {parameters, holds}, where `holds` lists the defines that
// are true. A parameter is a boolean, number, string or list, or {date: "2026-11-28"} or {low, high, lowClosed, highClosed}.
import { readFileSync } from "node:fs";
import {
  CqlTranslator,
  LibraryManager,
  ModelManager,
  createModelInfoProvider,
  createUcumService,
  stringAsSource,
} from "@cqframework/cql/cql-to-elm";
import cql from "cql-execution";

const [library, states] = process.argv.slice(2);
const elm = translated(readFileSync(library, "utf8"));
const mistakes = (elm.library.annotation ?? []).filter((item) => item.errorSeverity === "error");
if (mistakes.length) {
  for (const item of mistakes.slice(0, 20)) console.log(`line ${item.startLine}: ${item.message}`);
  process.exit(1);
}

forgetPlaces(elm.library);
const defines = elm.library.statements.def.map((item) => item.name);
const compiled = new cql.Library(elm);
const executor = new cql.Executor(compiled);
let remembered = new Map();
for (const name of defines) remember(compiled.expressions[name], name);
const source = { currentPatient: () => undefined, nextPatient: () => undefined };

let replayed = 0;
let different = 0;
for (const line of readFileSync(states, "utf8").split("\n").filter(Boolean)) {
  const { parameters, holds } = JSON.parse(line);
  remembered = new Map();
  const given = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, stated(value)]));
  const { unfilteredResults } = await executor.withParameters(given).exec(source);
  const wrong = defines.filter((name) => unfilteredResults[name] !== holds.includes(name));
  replayed += 1;
  if (wrong.length) {
    different += 1;
    if (different <= 5) console.log(JSON.stringify({ parameters, wrong }));
  }
}
console.log(JSON.stringify({ defines: defines.length, replayed, different }));
process.exit(different ? 1 : 0);

// The engine notes the result of every part that has a place, which takes most of the time.
function forgetPlaces(part) {
  if (part === null || typeof part !== "object") return;
  for (const name of ["localId", "locator", "annotation"]) delete part[name];
  Object.values(part).forEach(forgetPlaces);
}

// A define that others refer to is evaluated once a state, as engines with a cache of expressions do.
function remember(define, name) {
  const evaluated = define.exec.bind(define);
  define.exec = (context) => {
    if (!remembered.has(name)) remembered.set(name, evaluated(context));
    return remembered.get(name);
  };
}

// The translator has neither the types of CQL itself nor units of its own in JavaScript. "30 days" is no unit of UCUM.
function translated(text) {
  const models = new ModelManager();
  const system = createModelInfoProvider((name) => (name === "System" ? stringAsSource(systemModel()) : null));
  models.modelInfoLoader.registerModelInfoProvider(system);
  const units = createUcumService(
    (value) => value,
    (unit) => (unit === "days" ? null : `${unit} is no unit of these criteria`),
  );
  const translator = CqlTranslator.fromText(text, new LibraryManager(models, undefined, undefined, units));
  return JSON.parse(translator.toJson());
}

function systemModel() {
  const simple = ["Boolean", "Integer", "Long", "Decimal", "String", "DateTime", "Date", "Time"];
  const classes = {
    Quantity: { value: "Decimal", unit: "String" },
    Ratio: { numerator: "Quantity", denominator: "Quantity" },
    Code: { code: "String", system: "String", version: "String", display: "String" },
    Concept: { display: "String" },
    Vocabulary: { id: "String", version: "String" },
  };
  const type = (kind, name, base, inner = "") =>
    `<typeInfo xsi:type="${kind}" name="System.${name}"${base ? ` baseType="System.${base}"` : ""}>${inner}</typeInfo>`;
  const elements = (of) =>
    Object.entries(of).map(([name, kind]) => `<element name="${name}" type="System.${kind}"/>`).join("");
  const types = [
    type("SimpleTypeInfo", "Any", ""),
    ...simple.map((name) => type("SimpleTypeInfo", name, "Any")),
    ...Object.entries(classes).map(([name, of]) => type("ClassInfo", name, "Any", elements(of))),
    type("ClassInfo", "ValueSet", "Vocabulary"),
    type("ClassInfo", "CodeSystem", "Vocabulary"),
  ];
  const spaces = 'xmlns="urn:hl7-org:elm-modelinfo:r1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
  const names = 'name="System" version="1.0.0" url="urn:hl7-org:elm-types:r1" targetQualifier="system"';
  return `<modelInfo ${names} ${spaces}>${types.join("")}</modelInfo>`;
}

function stated(value) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  if ("date" in value) return cql.Date.parse(value.date);
  return new cql.Interval(value.low, value.high, value.lowClosed, value.highClosed);
}
