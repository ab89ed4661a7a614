// A client made of the API's description asks a real service: what is asked and answered is typed, and each answer is printed.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"asking/mailtrace"
)

func must[T any](answer T, response any, err error) T {
	if err != nil {
		panic(err)
	}
	return answer
}

func main() {
	settings := mailtrace.NewConfiguration()
	settings.Servers = mailtrace.ServerConfigurations{{URL: os.Args[1]}}
	client := mailtrace.NewAPIClient(settings)
	asking := context.WithValue(context.Background(), mailtrace.ContextAccessToken, os.Args[2])

	kept := []mailtrace.Disposition{mailtrace.DISPOSITION_QUARANTINED, mailtrace.DISPOSITION_DELIVERED}
	answer, response, err := client.TracesAPI.SearchTraces(asking).Disposition(kept).Sort(mailtrace.SORT_OLDEST).Limit(3).Execute()
	found := must(answer, response, err).ChosenAnswer
	first := found.Traces[0]
	fmt.Println("traces", found.Total.Value, first.Time.Year() > 2000)

	told, response, err := client.TracesAPI.GetReport(asking, *first.Id).Execute()
	report := must(told, response, err)
	fmt.Println("report", report.Trace.Id == *first.Id, report.CustomerText != "")

	_, response, err = client.TracesAPI.SearchTraces(asking).Since("soon").Limit(3).Execute()
	var refused *mailtrace.GenericOpenAPIError
	if !errors.As(err, &refused) {
		panic(err)
	}
	var problem mailtrace.Problem
	if err := json.Unmarshal(refused.Body(), &problem); err != nil {
		panic(err)
	}
	var parameters []string
	for _, flaw := range problem.Errors {
		parameters = append(parameters, *flaw.Parameter.Get())
	}
	fmt.Println("wrong", response.StatusCode, problem.Type, strings.Join(parameters, ","))

	counted, response, err := client.CountsAPI.CountTraces(asking).By("disposition").Execute()
	counts := must(counted, response, err).ValueCounts
	fmt.Println("counts", counts.By, counts.Total > 0)

	fresh, response, err := client.ServiceAPI.GetFreshness(asking).Execute()
	fmt.Println("freshness", len(response.Header.Get("X-Request-Id")), must(fresh, response, err) != nil)
}
