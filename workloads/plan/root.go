package plan

// The writable places of a container whose root is read-only.
const (
	installVolume = "product"
	// copyPath is where the container that copies the product sees the volume, and productFolder what it makes there. A folder
	// of its own, since the volume's belongs to root and can't be given the dates and rights of the original.
	copyPath      = "/copy"
	productFolder = "apigateway"
	tmpPath       = "/tmp"
	// installMB is twice what the product takes on disk, in MiB (assumed: an installation of 7.7 is about 2 GiB), and tmpMB the
	// room for messages the product puts aside.
	installMB = 4096
	tmpMB     = 1024
	// outputMB is what the node keeps of a container's output, in MiB: AKS keeps 5 files of 50 MB (documented), and as much again.
	outputMB = 512
)

// rooted makes the root read-only. The product writes below its own directory, and where exactly is not on record: traces, logs,
// the configuration it merges at each start. So that directory is a copy, made anew for each pod by a container of the same image,
// and everything else in the image stays as it was built. A container that restarts in its pod finds the files its predecessor
// left, as the product does on a machine. Only the image's own user is needed, and a cp.
func (p Pod) rooted(readOnly bool) Pod {
	if !readOnly {
		p.Exceptions = append(p.Exceptions, Exception{"container-security-context-readonlyrootfilesystem",
			"workloads.readOnlyRoot is false: the images write into their own file system"})
		return p
	}
	p.ReadOnlyRoot = true
	product := Volume{Name: installVolume, SizeMB: installMB}
	original, seen := product, product
	original.Path, seen.Path, seen.SubPath = copyPath, installDir, productFolder
	p.Init = append(p.Init, Helper{
		Name: "copy-product", Image: p.Image,
		Command:   []string{"cp", "-a", installDir, copyPath + "/" + productFolder},
		Resources: Resources{CPURequest: 100, CPULimit: 1000, MemoryRequest: 64, MemoryLimit: 512, StorageRequest: 64, StorageLimit: 128},
		Volumes:   []Volume{original},
	})
	// First in the list: the others lie below it.
	p.Volumes = append(p.Volumes, seen, Volume{Name: "tmp", Path: tmpPath, SizeMB: tmpMB})
	return p
}
