package arm

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const (
	typeVM      = "Microsoft.Compute/virtualMachines"
	typeDisk    = "Microsoft.Compute/disks"
	typeSet     = "Microsoft.Compute/availabilitySets"
	computePath = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Compute/"
	vmPage      = "learn: virtual-machines and REST API 2024-11-01"
)

// images are the marketplace images the rules know, as publisher:offer:sku, and whether they are generation 2.
var images = map[string]bool{
	"Canonical:ubuntu-24_04-lts:server": true, "Canonical:ubuntu-24_04-lts:server-gen1": false, "Canonical:ubuntu-24_04-lts:minimal": true,
	"Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2": true, "Canonical:0001-com-ubuntu-server-jammy:22_04-lts": false,
	"Canonical:0001-com-ubuntu-server-focal:20_04-lts-gen2": true, "RedHat:RHEL:9-lvm-gen2": true, "RedHat:RHEL:8-lvm-gen2": true, "RedHat:RHEL:94_gen2": true,
	"MicrosoftWindowsServer:WindowsServer:2022-datacenter-azure-edition": true, "MicrosoftWindowsServer:WindowsServer:2022-datacenter-g2": true,
	"MicrosoftWindowsServer:WindowsServer:2025-datacenter-g2": true, "debian:debian-12:12-gen2": true,
}

// reservedUsers can't name a machine's administrator.
var reservedUsers = words(`administrator admin user user1 test user2 test1 user3 admin1 1 123 a actuser adm admin2 aspnet backup console
	david guest john owner root server sql support support_388945a0 sys test2 test3 user4 user5`)

// threeFaultDomains are the regions where an availability set has three fault domains; elsewhere there are two.
var threeFaultDomains = words("eastus eastus2 westus centralus northcentralus southcentralus canadacentral northeurope westeurope")

var _ = register(
	&Type{
		Token: "azure-native:compute:Disk", ARM: typeDisk, APIVersion: "2024-03-02", Path: computePath + "disks/{diskName}",
		Name: Name{1, 80, `[A-Za-z0-9]([\w.-]*\w)?`, "letters, digits, _ . -, start with a letter or digit and end with one or _"}, Required: []string{"location"},
		ForceNew: []string{"location"}, Immutable: []string{"location", "zones", "creationData"}, ImmutableCode: "PropertyChangeNotAllowed",
		Defaults: Object{"sku": Object{"name": "Standard_LRS"}, "networkAccessPolicy": "AllowAll", "publicNetworkAccess": "Enabled"}, Minutes: Minutes{0.1, 0.1, 0.1},
		Compute: func(c *Call, p Object) {
			p["uniqueId"], p["diskState"] = c.GUID("disk"), "Unattached"
			p["diskSizeBytes"] = number0(p, "diskSizeGB") * (1 << 30)
			set(p, "sku.tier", strings.SplitN(text(p, "sku.name"), "_", 2)[0])
			merge(p, Object{"encryption": Object{"type": "EncryptionAtRestWithPlatformKey"}})
		},
		View: func(s *Store, r *Resource, p Object) {
			if users := s.users(r.ID, typeVM); len(users) > 0 {
				p["diskState"], p["managedBy"] = "Attached", users[0].ID
			}
		},
		Rules: []Rule{
			zonesRule("disk", 1),
			values("disk", Documented, vmPage, map[string][]string{
				"sku.name": {"Standard_LRS", "StandardSSD_LRS", "StandardSSD_ZRS", "Premium_LRS", "Premium_ZRS", "PremiumV2_LRS", "UltraSSD_LRS"}, "creationData.createOption": {"Empty", "FromImage", "Copy", "Restore", "Import", "Upload"},
				"networkAccessPolicy": {"AllowAll", "AllowPrivate", "DenyAll"}, "publicNetworkAccess": {"Enabled", "Disabled"},
			}),
			{ID: "disk/zone-redundant-or-zonal", Code: "InvalidParameter", Provenance: Documented, Source: "learn: virtual-machines/disks-redundancy", Check: func(c *Call) []string {
				sku, zones := text(c.Inputs, "sku.name"), texts(c.Inputs, "zones")
				switch {
				case strings.HasSuffix(sku, "_ZRS") && len(zones) > 0:
					return []string{fmt.Sprintf("zones: '%s' disks are in all zones; leave zones out", sku)}
				case sku == "PremiumV2_LRS" && len(zones) == 0 && hasZones(c.location()):
					return []string{"zones: a PremiumV2_LRS disk needs one"}
				case strings.HasSuffix(sku, "_ZRS") && !hasZones(c.location()):
					return []string{fmt.Sprintf("sku.name: '%s' needs zones, which region '%s' hasn't", sku, c.location())}
				}
				return nil
			}},
			{ID: "disk/size", Code: "InvalidParameter", Provenance: Documented, Source: "learn: virtual-machines/disks-types; 1 to 32767 GiB, empty disks need a size", Check: func(c *Call) []string {
				if text(c.Inputs, "creationData.createOption") == "Empty" && !has(c.Inputs, "diskSizeGB") {
					return []string{"diskSizeGB: required for an empty disk"}
				}
				if c.Old != nil && whole(c.Inputs, "diskSizeGB") < whole(c.Old.Properties, "diskSizeGB") {
					return []string{fmt.Sprintf("diskSizeGB: a disk can't shrink from %d to %d", whole(c.Old.Properties, "diskSizeGB"), whole(c.Inputs, "diskSizeGB"))}
				}
				return between(c.Inputs, "diskSizeGB", 1, 32767)
			}},
		},
		DeleteRules: []Rule{mentions("disk/not-attached", "OperationNotAllowed", 409, Observed, "ARM common errors", "Disk %s is attached to VM %s.", typeVM)},
	},
	&Type{
		Token: "azure-native:compute:AvailabilitySet", ARM: typeSet, APIVersion: "2024-11-01", Path: computePath + "availabilitySets/{availabilitySetName}",
		Name: Name{1, 80, `[A-Za-z0-9]([\w.-]*\w)?`, "letters, digits, _ . -, start with a letter or digit and end with one or _"}, Required: []string{"location"}, ForceNew: []string{"location"},
		Immutable: []string{"location", "platformFaultDomainCount", "platformUpdateDomainCount"}, ImmutableCode: "PropertyChangeNotAllowed",
		Defaults: Object{"platformFaultDomainCount": 2.0, "platformUpdateDomainCount": 5.0, "sku": Object{"name": "Classic"}}, Minutes: Minutes{0.1, 0.1, 0.1},
		Rules: []Rule{{ID: "availabilityset/domains", Code: "InvalidParameter", Provenance: Documented, Source: "learn: virtual-machines/availability-set-overview", Check: func(c *Call) []string {
			most := 2.0
			if slices.Contains(threeFaultDomains, c.location()) {
				most = 3
			}
			out := slices.Concat(between(c.Inputs, "platformFaultDomainCount", 1, most), between(c.Inputs, "platformUpdateDomainCount", 1, 20))
			return append(out, oneOf(c.Inputs, "sku.name", "Aligned", "Classic")...)
		}}},
		DeleteRules: []Rule{mentions("availabilityset/empty", "OperationNotAllowed", 409, Observed, "ARM common errors", "Availability set '%s' cannot be deleted. Before deleting it please delete its VMs: %s.", typeVM)},
	},
	&Type{
		Token: "azure-native:compute:VirtualMachine", ARM: typeVM, APIVersion: "2024-11-01", Path: computePath + "virtualMachines/{vmName}",
		Name:     Name{1, 64, `[A-Za-z0-9]([\w.-]*\w)?`, "letters, digits, _ . -, start with a letter or digit and end with one or _"},
		Required: []string{"location", "hardwareProfile.vmSize", "networkProfile.networkInterfaces", "storageProfile.osDisk"}, ForceNew: []string{"location"},
		Immutable: []string{"location", "zones", "availabilitySet.id", "osProfile.customData", "osProfile.adminUsername", "osProfile.adminPassword", "osProfile.computerName",
			"osProfile.linuxConfiguration.ssh", "osProfile.linuxConfiguration.disablePasswordAuthentication", "storageProfile.imageReference", "storageProfile.osDisk.name"}, ImmutableCode: "PropertyChangeNotAllowed",
		WriteOnly: []string{"osProfile.customData", "osProfile.adminPassword", "userData"},
		Minutes:   Minutes{1.5, 1, 1},
		Compute:   computeVM, Settle: settleVM,
		Rules: []Rule{
			{ID: "virtualmachine/size", Code: "InvalidParameter", Provenance: Documented, Source: vmPage, Check: func(c *Call) []string {
				size := text(c.Inputs, "hardwareProfile.vmSize")
				if _, known := lookupSize(size); !known {
					return []string{fmt.Sprintf("hardwareProfile.vmSize: the value '%s' is not a size in region '%s'", size, c.location())}
				}
				return nil
			}},
			zonesRule("virtualmachine", 1),
			{ID: "virtualmachine/zone-or-set", Code: "BadRequest", Provenance: Documented, Source: vmPage, Check: func(c *Call) []string {
				if has(c.Inputs, "availabilitySet.id") && len(texts(c.Inputs, "zones")) > 0 {
					return []string{"availabilitySet: a machine with zones can't be in an availability set"}
				}
				return nil
			}},
			{ID: "virtualmachine/set-aligned", Code: "OperationNotAllowed", Status: 409, Provenance: Observed, Source: "ARM common errors", Check: func(c *Call) []string {
				if set := c.referred("availabilitySet.id"); set != nil && text(set.Properties, "sku.name") != "Aligned" {
					return []string{fmt.Sprintf("availabilitySet: '%s' has sku %s; machines with managed disks need Aligned", set.Name, text(set.Properties, "sku.name"))}
				}
				return nil
			}},
			{ID: "virtualmachine/disk-zones", Code: "BadRequest", Provenance: Observed, Source: "ARM: a disk is in the machine's zone", Check: func(c *Call) []string {
				var out []string
				zones := strings.Join(texts(c.Inputs, "zones"), ",")
				for i, d := range objects(c.Inputs, "storageProfile.dataDisks") {
					disk := c.Store.find(text(d, "managedDisk.id"))
					if disk == nil || strings.HasSuffix(text(disk.Properties, "sku.name"), "_ZRS") {
						continue
					}
					if theirs := strings.Join(texts(disk.Properties, "zones"), ","); theirs != zones {
						out = append(out, fmt.Sprintf("storageProfile.dataDisks[%d].managedDisk: disk '%s' is in zone '%s', the machine in '%s'", i, disk.Name, theirs, zones))
					}
				}
				return out
			}},
			{ID: "virtualmachine/address-zones", Code: "ZonalPublicIPMismatch", Provenance: Documented, Source: "a zonal machine's public address is in its zone or in all", Check: func(c *Call) []string {
				var out []string
				zones := texts(c.Inputs, "zones")
				for _, ref := range objects(c.Inputs, "networkProfile.networkInterfaces") {
					nic := c.Store.find(text(ref, "id"))
					if nic == nil || len(zones) == 0 {
						continue
					}
					for _, ip := range objects(nic.Properties, "ipConfigurations") {
						address := c.Store.find(text(ip, "publicIPAddress.id"))
						if address != nil && !slices.Contains(texts(address.Properties, "zones"), zones[0]) {
							out = append(out, fmt.Sprintf("networkProfile.networkInterfaces: address '%s' isn't in the machine's zone %s", address.Name, zones[0]))
						}
					}
				}
				return out
			}},
			{ID: "virtualmachine/data-disks", Code: "InvalidParameter", Provenance: Documented, Source: vmPage, Check: checkDataDisks},
			{ID: "virtualmachine/attached-once", Code: "AttachDiskWhileBeingAttached", Status: 409, Provenance: Observed, Source: "ARM common errors", Check: func(c *Call) []string {
				var out []string
				check := func(path, id string) {
					for _, u := range c.Store.users(id, typeVM) {
						if id != "" && key(u.ID) != key(c.ID) {
							out = append(out, fmt.Sprintf("%s: '%s' already belongs to %s", path, nameIn(id), u.ID))
						}
					}
				}
				for i, d := range objects(c.Inputs, "storageProfile.dataDisks") {
					check(fmt.Sprintf("storageProfile.dataDisks[%d]", i), text(d, "managedDisk.id"))
				}
				for i, n := range objects(c.Inputs, "networkProfile.networkInterfaces") {
					check(fmt.Sprintf("networkProfile.networkInterfaces[%d]", i), text(n, "id"))
				}
				return out
			}},
			{ID: "virtualmachine/os-disk-name-free", Code: "ConflictingUserInput", Status: 409, Provenance: Observed, Source: "ARM: a detached OS disk keeps its name", Check: func(c *Call) []string {
				name := text(c.Inputs, "storageProfile.osDisk.name")
				if c.Old == nil && name != "" && c.Store.find(groupOf(c.ID)+"/providers/"+typeDisk+"/"+name) != nil {
					return []string{fmt.Sprintf("storageProfile.osDisk.name: disk '%s' already exists; delete it, or set deleteOption to Delete", name)}
				}
				return nil
			}},
			{ID: "virtualmachine/image", Code: "PlatformImageNotFound", Status: 404, Provenance: Documented, Source: "marketplace images, 2026; CentOS ones are gone", Check: func(c *Call) []string {
				image := imageKey(c.Inputs)
				if _, known := images[image]; image != "" && !known {
					return []string{fmt.Sprintf("storageProfile.imageReference: the platform image '%s' is not available", image)}
				}
				if image != "" && text(c.Inputs, "storageProfile.imageReference.version") == "" {
					return []string{"storageProfile.imageReference.version: required"}
				}
				return nil
			}},
			{ID: "virtualmachine/trusted-launch", Code: "BadRequest", Provenance: Documented, Source: "learn: virtual-machines/trusted-launch", Check: func(c *Call) []string {
				if gen2, known := images[imageKey(c.Inputs)]; text(c.Inputs, "securityProfile.securityType") == "TrustedLaunch" && known && !gen2 {
					return []string{"securityProfile.securityType: TrustedLaunch needs a generation 2 image"}
				}
				if has(c.Inputs, "securityProfile.uefiSettings") && text(c.Inputs, "securityProfile.securityType") == "" {
					return []string{"securityProfile.uefiSettings: only with securityType"}
				}
				return nil
			}},
			{ID: "virtualmachine/administrator", Code: "InvalidParameter", Provenance: Documented, Source: "learn: virtual-machines/linux/faq", Check: checkAdministrator},
			{ID: "virtualmachine/custom-data", Code: "InvalidParameter", Provenance: Documented, Source: "learn: virtual-machines/custom-data; base64, 64 KiB", Check: func(c *Call) []string {
				data := text(c.Inputs, "osProfile.customData")
				plain, err := base64.StdEncoding.DecodeString(data)
				if err != nil {
					return []string{"osProfile.customData: must be base64"}
				}
				if len(plain) > 64<<10 {
					return []string{fmt.Sprintf("osProfile.customData: %d bytes; 65536 are allowed", len(plain))}
				}
				return nil
			}},
			identityRule("virtualmachine"),
			regionRule("virtualmachine"),
		},
	},
	&Type{
		Token: "azure-native:compute:VirtualMachineRunCommandByVirtualMachine", ARM: typeVM + "/runCommands", APIVersion: "2024-11-01", Path: computePath + "virtualMachines/{vmName}/runCommands/{runCommandName}",
		Name: Name{1, 80, `[A-Za-z0-9][\w.-]*`, "letters, digits, _ . -"}, Required: []string{"location"}, ForceNew: []string{"location"}, WriteOnly: []string{"protectedParameters", "runAsPassword"},
		Defaults: Object{"asyncExecution": false, "treatFailureAsDeploymentFailure": false, "timeoutInSeconds": 5400.0}, Minutes: Minutes{2, 2, 0.3}, Occupies: []Occupies{{Levels: 2, Shared: true}},
		Rules: []Rule{
			{ID: "virtualmachineruncommandbyvirtualmachine/source", Code: "InvalidParameter", Provenance: Documented, Source: "learn: virtual-machines/linux/run-command-managed", Check: func(c *Call) []string {
				given := 0
				for _, path := range []string{"source.script", "source.scriptUri", "source.commandId"} {
					if has(c.Inputs, path) {
						given++
					}
				}
				if given != 1 {
					return []string{fmt.Sprintf("source: exactly one of script, scriptUri and commandId must be set, got %d", given)}
				}
				return nil
			}},
			ranges("virtualmachineruncommandbyvirtualmachine", "InvalidParameter", Assumed, "learn: run-command-managed; the default is 90 minutes", map[string][2]float64{"timeoutInSeconds": {120, 5400}}).
				confirmedBy("create a Run Command with a timeout of 60 seconds, and one of two hours, by hand and read the answers"),
			{ID: "virtualmachineruncommandbyvirtualmachine/at-most-25", Code: "BadRequest", Provenance: Documented, Source: "learn: virtual-machines/linux/run-command-managed", Check: func(c *Call) []string {
				if n := len(c.Store.below(c.Store.parentID(c.ID), c.Type.ARM)); c.Old == nil && n >= 25 {
					return []string{fmt.Sprintf("the machine has %d run commands; 25 is the limit", n)}
				}
				return nil
			}},
			{ID: "virtualmachineruncommandbyvirtualmachine/parameters", Code: "InvalidParameter", Provenance: Assumed, Source: "parameters become environment variables or positional arguments",
				Confirm: "create a Run Command with a parameter named a-b by hand and see whether the script gets it", Check: func(c *Call) []string {
					var out []string
					for _, list := range []string{"parameters", "protectedParameters"} {
						for i, p := range objects(c.Inputs, list) {
							if name := text(p, "name"); !regexp.MustCompile(`^\w+$`).MatchString(name) {
								out = append(out, fmt.Sprintf("%s[%d].name: '%s' must be letters, digits and _", list, i, name))
							}
						}
					}
					return out
				}},
		},
	},
	&Type{
		Token: "azure-native:compute:VirtualMachineExtension", ARM: typeVM + "/extensions", APIVersion: "2024-11-01", Path: computePath + "virtualMachines/{vmName}/extensions/{vmExtensionName}",
		Name: Name{1, 80, `[A-Za-z0-9][\w.-]*`, "letters, digits, _ . -"}, Required: []string{"location", "publisher", "type", "typeHandlerVersion"}, ForceNew: []string{"location"},
		Immutable: []string{"publisher", "type"}, ImmutableCode: "PropertyChangeNotAllowed", WriteOnly: []string{"protectedSettings"}, Minutes: Minutes{2, 1, 0.5},
		Occupies: []Occupies{{Levels: 2, Shared: true}},
		Rules: []Rule{
			{ID: "virtualmachineextension/one-per-handler", Code: "BadRequest", Provenance: Observed, Source: "learn: virtual-machines/extensions/overview", Check: func(c *Call) []string {
				for _, other := range c.Store.below(c.Store.parentID(c.ID), c.Type.ARM) {
					if key(other.ID) != key(c.ID) && text(other.Properties, "publisher") == text(c.Inputs, "publisher") && text(other.Properties, "type") == text(c.Inputs, "type") {
						return []string{fmt.Sprintf("type: multiple VMExtensions per handler not supported; '%s' is one already", other.Name)}
					}
				}
				return nil
			}},
			{ID: "virtualmachineextension/login-needs-identity", Code: "VMExtensionProvisioningError", Status: 409, Provenance: Observed, Source: "learn: entra/identity/devices/howto-vm-sign-in-azure-ad-linux", Check: func(c *Call) []string {
				vm := c.Store.find(c.Store.parentID(c.ID))
				if strings.HasPrefix(text(c.Inputs, "type"), "AADSSHLogin") && vm != nil && !strings.Contains(text(vm.Properties, "identity.type"), "SystemAssigned") {
					return []string{"type: Entra login needs a system-assigned identity on the machine"}
				}
				return nil
			}},
			{ID: "virtualmachineextension/version", Code: "InvalidParameter", Provenance: Documented, Source: "learn: virtual-machines/extensions/overview; major.minor", Check: func(c *Call) []string {
				if v := text(c.Inputs, "typeHandlerVersion"); !regexp.MustCompile(`^\d+\.\d+$`).MatchString(v) {
					return []string{fmt.Sprintf("typeHandlerVersion: '%s' is not major.minor", v)}
				}
				return nil
			}},
		},
	},
)

func imageKey(p Object) string {
	ref := "storageProfile.imageReference."
	if text(p, ref+"publisher") == "" {
		return ""
	}
	return text(p, ref+"publisher") + ":" + text(p, ref+"offer") + ":" + text(p, ref+"sku")
}

func checkDataDisks(c *Call) []string {
	var out []string
	size, known := lookupSize(text(c.Inputs, "hardwareProfile.vmSize"))
	disks := objects(c.Inputs, "storageProfile.dataDisks")
	if known && len(disks) > size.dataDisks {
		out = append(out, fmt.Sprintf("storageProfile.dataDisks: %d disks; size '%s' takes %d", len(disks), text(c.Inputs, "hardwareProfile.vmSize"), size.dataDisks))
	}
	seen := map[int]bool{}
	for i, d := range disks {
		path := fmt.Sprintf("storageProfile.dataDisks[%d]", i)
		lun := whole(d, "lun")
		if seen[lun] || lun < 0 || lun > 63 {
			out = append(out, fmt.Sprintf("%s.lun: %d is used twice or outside 0 to 63", path, lun))
		}
		seen[lun] = true
		option, attached := text(d, "createOption"), has(d, "managedDisk.id")
		if (option == "Attach") != attached {
			out = append(out, fmt.Sprintf("%s.createOption: '%s' doesn't go with managedDisk.id '%s'", path, option, text(d, "managedDisk.id")))
		}
		sku, gib := text(d, "managedDisk.storageAccountType"), whole(d, "diskSizeGB")
		if disk := c.Store.find(text(d, "managedDisk.id")); disk != nil {
			sku, gib = text(disk.Properties, "sku.name"), whole(disk.Properties, "diskSizeGB")
		}
		if known && strings.HasPrefix(sku, "Premium") && !size.premium {
			out = append(out, fmt.Sprintf("%s: requested operation cannot be performed because size '%s' does not support %s disks", path, text(c.Inputs, "hardwareProfile.vmSize"), sku))
		}
		if caching := text(d, "caching"); caching != "" && caching != "None" && (gib > 4095 || sku == "PremiumV2_LRS") {
			out = append(out, fmt.Sprintf("%s.caching: must be None for disks over 4095 GiB and PremiumV2_LRS", path))
		}
	}
	if known && strings.HasPrefix(text(c.Inputs, "storageProfile.osDisk.managedDisk.storageAccountType"), "Premium") && !size.premium {
		out = append(out, fmt.Sprintf("storageProfile.osDisk: size '%s' does not support premium disks", text(c.Inputs, "hardwareProfile.vmSize")))
	}
	return out
}

func checkAdministrator(c *Call) []string {
	user := text(c.Inputs, "osProfile.adminUsername")
	if !has(c.Inputs, "osProfile") {
		return nil
	}
	var out []string
	if user == "" || len(user) > 64 || slices.Contains(reservedUsers, strings.ToLower(user)) {
		out = append(out, fmt.Sprintf("osProfile.adminUsername: '%s' is not allowed", user))
	}
	if name := text(c.Inputs, "osProfile.computerName"); name == "" || len(name) > 64 || strings.ContainsAny(name, "_./ ") {
		out = append(out, fmt.Sprintf("osProfile.computerName: '%s' must be 1 to 64 letters, digits and -", name))
	}
	keys := objects(c.Inputs, "osProfile.linuxConfiguration.ssh.publicKeys")
	password := text(c.Inputs, "osProfile.adminPassword")
	if truth(c.Inputs, "osProfile.linuxConfiguration.disablePasswordAuthentication") {
		if password != "" || len(keys) == 0 {
			out = append(out, "osProfile: without password authentication an SSH key is needed and adminPassword must be left out")
		}
	} else if c.Old == nil && (len(password) < 12 || len(password) > 72 || classes(password) < 3) {
		out = append(out, "osProfile.adminPassword: needs 12 to 72 characters of three of: lower case, upper case, digits, symbols")
	}
	for i, k := range keys {
		path := fmt.Sprintf("osProfile.linuxConfiguration.ssh.publicKeys[%d]", i)
		if want := "/home/" + user + "/.ssh/authorized_keys"; text(k, "path") != want {
			out = append(out, fmt.Sprintf("%s.path: '%s' must be %s", path, text(k, "path"), want))
		}
		if data := text(k, "keyData"); !strings.HasPrefix(data, "ssh-rsa ") && !strings.HasPrefix(data, "ssh-ed25519 ") {
			out = append(out, path+".keyData: must be an ssh-rsa or ssh-ed25519 public key")
		}
	}
	return out
}

func computeVM(c *Call, p Object) {
	p["vmId"] = c.GUID("vm")
	merge(p, Object{"storageProfile": Object{}})
	name := text(p, "storageProfile.osDisk.name")
	if name == "" {
		name = c.Name + "_OsDisk_1_" + strings.ReplaceAll(c.GUID("os disk"), "-", "")
		set(p, "storageProfile.osDisk.name", name)
	}
	set(p, "storageProfile.osDisk.managedDisk.id", groupOf(c.ID)+"/providers/"+typeDisk+"/"+name)
	merge(p["storageProfile"].(Object)["osDisk"].(Object), Object{"osType": "Linux", "deleteOption": "Detach", "caching": "ReadWrite"})
	for _, d := range objects(p, "storageProfile.dataDisks") {
		merge(d, Object{"deleteOption": "Detach", "toBeDetached": false})
	}
	setIdentity(c, p)
}

// settleVM brings the OS disk. It goes with the machine only if deleteOption says so; otherwise it stays behind, as in Azure.
func settleVM(c *Call) {
	vm := c.Store.find(c.ID)
	id := text(vm.Properties, "storageProfile.osDisk.managedDisk.id")
	if c.Store.find(id) != nil {
		return
	}
	c.bring(typeDisk, id, Object{"location": text(vm.Properties, "location"), "zones": vm.Properties["zones"], "diskState": "Attached"})
	if text(vm.Properties, "storageProfile.osDisk.deleteOption") != "Delete" {
		c.Store.find(id).Owner = ""
	}
}
