// Bolt uses the database bbolt, which maps its file.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"sync"

	"go.etcd.io/bbolt"
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

func key(i int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(i)*2654435761%1000003) }

func value(i int) []byte {
	return bytes.Repeat(key(i), 1+i%100)
}

const count = 4000

func main() {
	dir := must(os.MkdirTemp("", "bolt"))
	path := dir + "/db"
	db := must(bbolt.Open(path, 0o600, nil))
	// The file grows, and is mapped anew, while there are readers.
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for n := range count / 400 {
				done(db.Batch(func(tx *bbolt.Tx) error {
					b := must(tx.CreateBucketIfNotExists([]byte("numbers")))
					for i := worker * count / 4; i < (worker+1)*count/4; i++ {
						if i%(count/400) == n {
							done(b.Put(key(i), value(i)))
						}
					}
					return nil
				}))
				done(db.View(func(tx *bbolt.Tx) error {
					c := tx.Bucket([]byte("numbers")).Cursor()
					seen := 0
					for k, v := c.First(); k != nil; k, v = c.Next() {
						if !bytes.HasPrefix(v, k) {
							panic("a value is not its key's")
						}
						seen++
					}
					if seen == 0 {
						panic("nothing is there")
					}
					return nil
				}))
			}
		})
	}
	group.Wait()
	done(db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte("numbers"))
		for i := 0; i < count; i += 3 {
			done(b.Delete(key(i)))
		}
		return nil
	}))
	done(db.Close())

	db = must(bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true}))
	done(db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			panic(err)
		}
		b := tx.Bucket([]byte("numbers"))
		sum := crc32.NewIEEE()
		for i := range count {
			v := b.Get(key(i))
			if (v == nil) != (i%3 == 0) || v != nil && !bytes.Equal(v, value(i)) {
				panic(fmt.Sprint("number ", i))
			}
			sum.Write(v)
		}
		fmt.Printf("%d keys, %08x\n", b.Stats().KeyN, sum.Sum32())
		return nil
	}))
	done(db.Close())
	done(os.RemoveAll(dir))
	fmt.Println("ok")
}
