// Sqlite uses SQLite (modernc.org/sqlite, which is C turned into Go): with a write-ahead log, whose
// index is shared memory, and with the database mapped.
package main

import (
	"database/sql"
	"fmt"
	"os"
	"sync"

	_ "modernc.org/sqlite"
)

func must[T any](v T, err error) T {
	done(err)
	return v
}

func done(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	dir := must(os.MkdirTemp("", "sqlite"))
	db := must(sql.Open("sqlite", "file:"+dir+"/db?_pragma=journal_mode(wal)&_pragma=mmap_size(67108864)&_pragma=busy_timeout(20000)"))
	ask := func(question string, args ...any) (answer string) {
		done(db.QueryRow(question, args...).Scan(&answer))
		return answer
	}
	fmt.Println("version", ask("select sqlite_version()"), ask("pragma journal_mode"), ask("pragma mmap_size"))
	must(db.Exec("create table words (id integer primary key, word text, length integer); create index lengths on words (length, word)"))
	var group sync.WaitGroup
	for worker := range 3 {
		group.Go(func() {
			for batch := range 4 {
				tx := must(db.Begin())
				insert := must(tx.Prepare("insert into words (word, length) values (?, ?)"))
				for i := range 250 {
					word := fmt.Sprintf("%0*d", 1+(i*7+worker)%300, i*1000+batch*10+worker)
					must(insert.Exec(word, len(word)))
				}
				done(tx.Commit())
				if n := ask("select count(*) from words where length = length(word)"); n == "0" {
					panic("nothing is there")
				}
			}
		})
	}
	group.Wait()
	fmt.Println(ask("select count(*) || ' ' || sum(length) || ' ' || max(word) from words"))
	fmt.Println(ask("select group_concat(word, ',') from (select word from words where length between 4 and 5 order by word limit 8)"))
	must(db.Exec("delete from words where length % 2 = 0; vacuum; pragma wal_checkpoint(truncate)"))
	fmt.Println(ask("select count(*) from words"), ask("pragma integrity_check"))
	done(db.Close())
	db = must(sql.Open("sqlite", dir+"/db"))
	fmt.Println(ask("select count(*) from words"), ask("pragma integrity_check"))
	done(db.Close())
	done(os.RemoveAll(dir))
	fmt.Println("ok")
}
