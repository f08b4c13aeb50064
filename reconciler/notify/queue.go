package notify

import (
	"context"
	"slices"
	"sync"

	"majordomo.dev/reconciler/notice"
)

// most is how many items wait for one sink. Of more, the oldest are dropped: what is new is what people want to know.
const most = 100

// queue is what waits for one sink.
type queue struct {
	dropped func()
	wake    chan struct{}

	mu    sync.Mutex
	items []notice.Item
}

func newQueue(dropped func()) *queue { return &queue{dropped: dropped, wake: make(chan struct{}, 1)} }

// put adds an item, and never waits. The status of a commit takes the place of an older one of the same commit.
func (q *queue) put(item notice.Item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if item.Mark != nil {
		q.items = slices.DeleteFunc(q.items, func(o notice.Item) bool { return o.Key == item.Key })
	}
	if q.items = append(q.items, item); len(q.items) > most {
		q.items = slices.Delete(q.items, 0, 1)
		q.dropped()
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take returns the oldest item, and waits for one if there is none; false when ctx ends.
func (q *queue) take(ctx context.Context) (notice.Item, bool) {
	for ctx.Err() == nil {
		if item, ok := q.first(); ok {
			return item, true
		}
		select {
		case <-q.wake:
		case <-ctx.Done():
		}
	}
	return notice.Item{}, false
}

func (q *queue) first() (notice.Item, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return notice.Item{}, false
	}
	item := q.items[0]
	q.items = slices.Delete(q.items, 0, 1)
	return item, true
}
