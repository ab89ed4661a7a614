// A client made of the API's description asks a real service: what is asked and answered is typed, and each answer is printed.
import { Configuration, CountsApi, Disposition, ResponseError, ServiceApi, Sort, TracesApi } from "./client/index.js";
import type { Problem } from "./client/index.js";

declare const process: { argv: string[] };

const [basePath, accessToken] = process.argv.slice(2);
if (basePath === undefined || accessToken === undefined) throw new Error("an address and a token");
const asking = new Configuration({ basePath, accessToken });
const traces = new TracesApi(asking);

const found = await traces.searchTraces({ disposition: [Disposition.Quarantined, Disposition.Delivered], sort: Sort.Oldest, limit: 3 });
const first = found.traces[0];
if (first?.id === undefined || first.time === undefined) throw new Error("no trace");
console.log("traces", found.total.value, first.time.getFullYear() > 2000);

const report = await traces.getReport({ trace_id: first.id });
console.log("report", report.trace.id === first.id, report.customer_text.length > 0);

try {
  await traces.searchTraces({ since: "soon", limit: 3 });
} catch (refused) {
  if (!(refused instanceof ResponseError)) throw refused;
  const problem = (await refused.response.json()) as Problem;
  console.log("wrong", refused.response.status, problem.type, problem.errors?.map((flaw) => flaw.parameter).join());
}

const counts = await new CountsApi(asking).countTraces({ by: "disposition" });
console.log("counts", counts.by, counts.total > 0);

const fresh = await new ServiceApi(asking).getFreshnessRaw();
console.log("freshness", fresh.raw.headers.get("x-request-id")?.length, (await fresh.value()) !== undefined);
