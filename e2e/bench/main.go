// Command bench measures what docs/design.md section 6 promises and prints it as one table: the program against the API server's own
// limit, on one machine, in one run. The cluster is the embedded one, the repository a real one, the requests are counted in the audit log.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var s size
	binary := flag.String("majordomo", "bin/majordomo", "the program")
	flag.IntVar(&s.environments, "environments", 50, "environments")
	flag.IntVar(&s.rounds, "rounds", 5, "rounds of each measurement")
	flag.IntVar(&s.repairs, "repairs", 200, "objects edited or deleted by hand")
	flag.StringVar(&s.traces, "traces", "../shared/traces", "folder with traces of builds, for the table of policies; without them it is a generated one alone")
	flag.Parse()
	b, err := start(ctx, *binary, s)
	if err != nil {
		return err
	}
	defer b.stop()
	return b.measure(ctx)
}

// measure takes all rows in turn and prints the table.
func (b *bench) measure(ctx context.Context) error {
	if err := b.firstSync(ctx); err != nil {
		return err
	}
	var t table
	for _, row := range []func(context.Context, *table) error{b.changeAll, b.changeOne, b.unchanged, b.drift, b.memory, b.decision, b.policies, b.farming} {
		if err := row(ctx, &t); err != nil {
			return err
		}
	}
	t.print(os.Stdout, b)
	return nil
}
