package nodes

import (
	"fmt"
	"math/bits"
	"net/netip"
)

// freeBlock returns addresses of a subnet for a node and its maxPods pods that no node has. With Azure CNI a node takes 1 + maxPods
// addresses of the subnet when it joins; ours are a power of two in a row, because kwok hands a node's pod addresses out of a
// CIDR, so a subnet holds slightly fewer nodes than Azure would put into it. The subnet's first block holds the four addresses
// Azure keeps to itself and is left out; the last address of all, also Azure's, is one kwok reaches last.
func freeBlock(subnet netip.Prefix, maxPods int, taken []netip.Prefix) (netip.Prefix, error) {
	size := uint32(1) << bits.Len32(uint32(maxPods+1)) // the node's own and one nobody has
	length := 32 - bits.Len32(size) + 1
	if !subnet.Addr().Is4() || length <= subnet.Bits() {
		return netip.Prefix{}, fmt.Errorf("subnet %s holds no node of %d pods", subnet, maxPods)
	}
	first := number(subnet.Addr())
	for at := uint64(first) + uint64(size); at < uint64(first)+1<<(32-subnet.Bits()); at += uint64(size) {
		block := netip.PrefixFrom(address(uint32(at)), length)
		if !overlapsAny(block, taken) {
			return block, nil
		}
	}
	return netip.Prefix{}, fmt.Errorf("subnet %s has no addresses left for another node of %d pods", subnet, maxPods)
}

func overlapsAny(block netip.Prefix, taken []netip.Prefix) bool {
	for _, t := range taken {
		if t.Overlaps(block) {
			return true
		}
	}
	return false
}

func number(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

func address(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}
