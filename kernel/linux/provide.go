package linux

// Provide makes path a file whose content is made up by content whenever it is opened, unless something
// has that name.
func Provide(path string, content func() []byte) {
	files.Later(func() { files.Provide(path, content) })
}
