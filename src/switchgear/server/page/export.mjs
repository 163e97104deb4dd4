// Owns the menu of exports: exactly the filter in the address, in each form that the server offers.
import { address } from "./api.mjs";
import { plural } from "./format.mjs";
import { html } from "./html.mjs";
import { Menu } from "./menu.mjs";

const FORMS = {
  jsonl: ["JSON lines", "every field, for programs"],
  csv: ["CSV", "for spreadsheets"],
  parquet: ["Parquet", "for DuckDB, pandas, polars"],
};

export function ExportMenu({ place, status, overview, fresh }) {
  const offered = status?.export_forms ?? ["jsonl", "csv"];
  const counted = overview && fresh ? plural(overview.total, "record") : "Every record";
  return html`<${Menu} label="Export" name="Export what matches">
    ${(close) => html`
      <p class="muted">${counted} that match${overview?.total === 1 && fresh ? "es" : ""}, not only those shown; newest first. The last line says whether the file is whole.</p>
      <ul class="view-list">
        ${offered.map((form) => html`<li key=${form}>
          <a class="view-link" download href=${address("logs/export", { ...place.filter, format: form })} onClick=${() => close(true)}>
            <b>${FORMS[form]?.[0] ?? form.toUpperCase()}</b> <span class="muted">${FORMS[form]?.[1] ?? ""}</span>
          </a>
        </li>`)}
      </ul>`}
  <//>`;
}
