// A client made of the API's description asks a real service: what is asked and answered is typed, and each answer is printed.
import java.time.OffsetDateTime;
import java.util.List;
import java.util.stream.Collectors;
import mailtrace.client.ApiClient;
import mailtrace.client.ApiException;
import mailtrace.client.api.CountsApi;
import mailtrace.client.api.ServiceApi;
import mailtrace.client.api.TracesApi;
import mailtrace.client.model.ChosenAnswer;
import mailtrace.client.model.Disposition;
import mailtrace.client.model.Flaw;
import mailtrace.client.model.Problem;
import mailtrace.client.model.ReportAnswer;
import mailtrace.client.model.Sort;
import mailtrace.client.model.ValueCounts;

public class Ask {
  public static void main(String[] arguments) throws Exception {
    ApiClient client = new ApiClient();
    client.updateBaseUri(arguments[0]);
    client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + arguments[1]));
    TracesApi traces = new TracesApi(client);

    ChosenAnswer found = (ChosenAnswer) traces.searchTraces(TracesApi.APISearchTracesRequest.newBuilder()
        .disposition(List.of(Disposition.QUARANTINED, Disposition.DELIVERED)).sort(Sort.OLDEST).limit(3).build()).getActualInstance();
    String id = found.getTraces().get(0).getId();
    OffsetDateTime time = found.getTraces().get(0).getTime();
    System.out.println("traces " + found.getTotal().getValue() + " " + (time.getYear() > 2000));

    ReportAnswer report = traces.getReport(TracesApi.APIGetReportRequest.newBuilder().traceId(id).build());
    System.out.println("report " + report.getTrace().getId().equals(id) + " " + !report.getCustomerText().isEmpty());

    try {
      traces.searchTraces(TracesApi.APISearchTracesRequest.newBuilder().since("soon").limit(3).build());
    } catch (ApiException refused) {
      Problem problem = ApiClient.createDefaultObjectMapper().readValue(refused.getResponseBody(), Problem.class);
      String parameters = problem.getErrors().stream().map(Flaw::getParameter).collect(Collectors.joining(","));
      System.out.println("wrong " + refused.getCode() + " " + problem.getType() + " " + parameters);
    }

    ValueCounts counts = (ValueCounts) new CountsApi(client)
        .countTraces(CountsApi.APICountTracesRequest.newBuilder().by("disposition").build()).getActualInstance();
    System.out.println("counts " + counts.getBy() + " " + (counts.getTotal() > 0));

    var fresh = new ServiceApi(client).getFreshnessWithHttpInfo();
    System.out.println("freshness " + fresh.getHeaders().get("x-request-id").get(0).length() + " " + (fresh.getData() != null));
  }
}
