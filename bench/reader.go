// A plain reader of mail logs, to hold the product's speed against: what a small program of a compiled language does that takes the same
// lines apart by expressions, joins them by queue id and Message-ID, and writes one line of JSON for each delivery. It knows Postfix alone,
// keeps everything in memory, and does nothing else: no order, no restart, no filters' results, no store to search.
//
//	go build -o reader bench/reader.go && ./reader mail.log deliveries.jsonl
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
)

var (
	framed   = regexp.MustCompile(`^(\S+) (\S+) ([^\[: ]+)(?:\[(\d+)\])?: (.*)$`)
	queued   = regexp.MustCompile(`^([0-9A-Za-z]{6,20}): (.*)$`)
	client   = regexp.MustCompile(`^client=([^\[]+)\[([^\]]+)\]`)
	named    = regexp.MustCompile(`^message-id=<?([^>]*)>?`)
	sender   = regexp.MustCompile(`^from=<([^>]*)>, size=(\d+), nrcpt=(\d+)`)
	delivery = regexp.MustCompile(
		`^to=<([^>]*)>,(?: orig_to=<([^>]*)>,)? relay=([^,]+),.* delay=([\d.]+), delays=([\d./]+), dsn=([\d.]+), status=(\w+) \((.*)\)$`)
)

type message struct {
	Host, Client, Address, Sender, MessageID, Size string
}

type told struct {
	Time, Host, QueueID, Client, Address, Sender, MessageID, Size  string
	Recipient, Original, Relay, Delay, Delays, Code, Status, Reply string
}

func main() {
	in, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	out, err := os.Create(os.Args[2])
	if err != nil {
		panic(err)
	}
	writer := bufio.NewWriterSize(out, 1<<20)
	encoder := json.NewEncoder(writer)
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	open := map[string]*message{}
	count := 0
	for lines.Scan() {
		frame := framed.FindStringSubmatch(lines.Text())
		if frame == nil {
			continue
		}
		found := queued.FindStringSubmatch(frame[5])
		if found == nil {
			continue
		}
		id, text := found[1], found[2]
		one := open[id]
		if one == nil {
			one = &message{Host: frame[2]}
			open[id] = one
		}
		if m := client.FindStringSubmatch(text); m != nil {
			one.Client, one.Address = m[1], m[2]
		} else if m := named.FindStringSubmatch(text); m != nil {
			one.MessageID = m[1]
		} else if m := sender.FindStringSubmatch(text); m != nil {
			one.Sender, one.Size = m[1], m[2]
		} else if m := delivery.FindStringSubmatch(text); m != nil {
			count++
			err := encoder.Encode(told{frame[1], one.Host, id, one.Client, one.Address, one.Sender, one.MessageID, one.Size,
				m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8]})
			if err != nil {
				panic(err)
			}
		} else if text == "removed" {
			delete(open, id)
		}
	}
	if err := lines.Err(); err != nil {
		panic(err)
	}
	if err := writer.Flush(); err != nil {
		panic(err)
	}
	fmt.Fprintln(os.Stderr, count, "deliveries")
}
