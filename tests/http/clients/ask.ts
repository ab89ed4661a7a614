// A client made of the API's description asks a real service: what is asked and answered is typed, and each answer is printed.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[]; exitCode: number };

const [address, token] = process.argv.slice(2);
const client = createClient<paths, "application/json" | "application/problem+json">({ baseUrl: address ?? "", headers: { Authorization: `Bearer ${token ?? ""}` } });

// A word of a closed list is one of its words, and a time is a string that `Date` reads.
const kept: components["schemas"]["Disposition"] = "quarantined";

const found = await client.GET("/api/v1/traces", {
  params: { query: { disposition: [kept, "delivered"], sort: "oldest", limit: 3 } },
});
if (found.error) throw new Error(found.error.type);
const first = found.data.traces[0];
if (first === undefined || first.id === undefined || first.time === undefined) throw new Error("no trace");
console.log("traces", found.data.total.value, new Date(first.time).toISOString() === first.time);

const report = await client.GET("/api/v1/traces/{trace_id}", { params: { path: { trace_id: first.id } } });
if (report.error) throw new Error(report.error.type);
console.log("report", report.data.trace.id === first.id, report.data.customer_text.length > 0);

const wrong = await client.GET("/api/v1/traces", { params: { query: { since: "soon", limit: 3 } } });
console.log("wrong", wrong.response.status, wrong.error?.type, wrong.error?.errors?.map((flaw) => flaw.parameter).join());

const counts = await client.GET("/api/v1/counts", { params: { query: { by: "disposition" } } });
if (counts.error) throw new Error(counts.error.type);
console.log("counts", counts.data.by, counts.data.total > 0);

const fresh = await client.GET("/api/v1/freshness");
console.log("freshness", fresh.response.headers.get("x-request-id")?.length, fresh.data !== undefined);
