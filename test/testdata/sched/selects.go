package main

import (
	"sync"
	"time"
)

func selects() {
	a, b, quit := make(chan int), make(chan int), make(chan bool)
	var fromA, fromB, idle, late int
	go func() {
		for i := range 10_000 {
			select {
			case a <- i:
			case b <- i:
			}
		}
		close(quit)
	}()
	for running := true; running; {
		select {
		case <-a:
			fromA++
		case <-b:
			fromB++
		case <-time.After(time.Second):
			late++
		case <-quit:
			running = false
		}
	}
	check(fromA+fromB == 10_000 && late == 0, "%d + %d, %d late", fromA, fromB, late)
	check(fromA > 4000 && fromB > 4000, "select is unfair: %d and %d", fromA, fromB)
	for range 1000 {
		select {
		case <-a:
		default:
			idle++
		}
	}
	check(idle == 1000, "a closed shop served %d", 1000-idle)
}

// fair: of several channels that are always ready each is chosen about as often as the others, by one
// goroutine and by many; so are senders and receivers.
func fair() {
	const ways, rounds = 5, 50_000
	var channels [ways]chan int
	for i := range channels {
		channels[i] = make(chan int, 1)
	}
	var counts [ways]int
	for range rounds {
		for i := range channels {
			select {
			case channels[i] <- i:
			default:
			}
		}
		select {
		case v := <-channels[0]:
			counts[v]++
		case v := <-channels[1]:
			counts[v]++
		case v := <-channels[2]:
			counts[v]++
		case v := <-channels[3]:
			counts[v]++
		case v := <-channels[4]:
			counts[v]++
		}
	}
	// The standard deviation is 90; 8 of them never happen.
	for i, n := range counts {
		check(n > rounds/ways-720 && n < rounds/ways+720, "channel %d was chosen %d times: %v", i, n, counts)
	}

	// Many that wait at once: everything that is sent arrives, once, and everybody gets some.
	var wg sync.WaitGroup
	var served [ways]int
	work, quit := make(chan int), make(chan bool)
	for i := range served {
		wg.Go(func() {
			for {
				select {
				case <-work:
					served[i]++
				case <-quit:
					return
				}
			}
		})
	}
	time.Sleep(20 * time.Millisecond) // all of them wait now
	for range rounds / 5 {
		work <- 1
	}
	close(quit)
	wg.Wait()
	total := 0
	for i, n := range served {
		total += n
		check(n > 0, "receiver %d got nothing: %v", i, served)
	}
	check(total == rounds/5, "%d of %d arrived", total, rounds/5)
}
