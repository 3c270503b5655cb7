package plan

// VolumeSizeGB is the size, in GiB, the events volume and its claim are declared with: the smallest premium share. It only
// has to be equal in both; the share's own quota is what counts. Declaring the true size would make the volume unchangeable,
// since Kubernetes lets no one resize a claim it did not provision.
const VolumeSizeGB = 100

// VolumeMountOptions are the options the events share is mounted with.
func VolumeMountOptions() []string {
	return []string{
		// The images run as user and group 1000; SMB knows no owners, so the mount says who they are.
		"uid=1000", "gid=1000", "dir_mode=0750", "file_mode=0640",
		"mfsymlinks",
		"cache=strict",
		// A connection for each mount: a node that lost the share gets it back without racing its other mounts.
		"nosharesock",
		// ANM looks for new event files every five seconds; an older directory listing would delay the metrics.
		"actimeo=5",
		// Byte-range locks stay on the node: every gateway writes its own file.
		"nobrl",
	}
}

// VolumeHandle identifies a share to the Azure Files driver, in the form it recommends for shares it did not create.
func VolumeHandle(resourceGroup, account, share string) string {
	return resourceGroup + "#" + account + "#" + share
}
