package main

import (
	"context"
	"runtime"
	"sync"
	"time"
)

func synchronize() {
	var (
		m     sync.Mutex
		rw    sync.RWMutex
		cond  = sync.NewCond(&m)
		once  sync.Once
		pool  = sync.Pool{New: func() any { return new([64]byte) }}
		table sync.Map
		wg    sync.WaitGroup

		counter, shared, opened, waiting int
	)
	for i := range 50 {
		wg.Go(func() {
			for j := range 200 {
				m.Lock()
				counter++
				m.Unlock()
				if j%10 == 0 {
					rw.Lock()
					shared++
					rw.Unlock()
				} else {
					rw.RLock()
					_ = shared
					rw.RUnlock()
				}
				once.Do(func() { opened++ })
				b := pool.Get().(*[64]byte)
				b[0]++
				pool.Put(b)
				table.Store(i*1000+j, j)
			}
		})
	}
	wg.Wait()
	entries := 0
	table.Range(func(k, v any) bool { entries++; return true })
	check(counter == 10_000 && shared == 1000 && opened == 1 && entries == 10_000,
		"counter %d, shared %d, opened %d, entries %d", counter, shared, opened, entries)

	for range 100 {
		wg.Go(func() {
			m.Lock()
			waiting++
			cond.Wait()
			waiting--
			m.Unlock()
		})
	}
	for {
		m.Lock()
		all := waiting == 100
		m.Unlock()
		if all {
			break
		}
		runtime.Gosched()
	}
	cond.Signal()
	cond.Broadcast()
	wg.Wait()
	check(waiting == 0, "%d still wait", waiting)

	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	check(ctx.Err() == context.DeadlineExceeded, "%v", ctx.Err())
}
