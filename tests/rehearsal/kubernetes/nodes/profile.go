package nodes

import (
	"cmp"
	"strconv"
	"time"
)

// autoScaler is a cluster's autoScalerProfile, as far as it is played: strings, as Azure has them.
type autoScaler struct {
	ScanInterval   string `json:"scanInterval"`
	Threshold      string `json:"scaleDownUtilizationThreshold"`
	Unneeded       string `json:"scaleDownUnneededTime"`
	DelayAfterAdd  string `json:"scaleDownDelayAfterAdd"`
	NewPodDelay    string `json:"newPodScaleUpDelay"`
	SkipSystemPods string `json:"skipNodesWithSystemPods"`
	SkipLocal      string `json:"skipNodesWithLocalStorage"`
	UnreadyShare   string `json:"maxTotalUnreadyPercentage"`
	UnreadyCount   string `json:"okTotalUnreadyCount"`
}

// autoScalerDefaults are AKS's (documented: AKS docs, cluster-autoscaler).
var autoScalerDefaults = autoScaler{"10s", "0.5", "10m", "10m", "0s", "true", "false", "45", "3"}

// The figures of a profile, with the defaults where it says nothing. Azure has checked their form.
func (a autoScaler) duration(text, otherwise string) time.Duration {
	d, _ := time.ParseDuration(cmp.Or(text, otherwise))
	return d
}

func (a autoScaler) scanInterval() time.Duration {
	return a.duration(a.ScanInterval, autoScalerDefaults.ScanInterval)
}

func (a autoScaler) unneeded() time.Duration {
	return a.duration(a.Unneeded, autoScalerDefaults.Unneeded)
}

func (a autoScaler) delayAfterAdd() time.Duration {
	return a.duration(a.DelayAfterAdd, autoScalerDefaults.DelayAfterAdd)
}

func (a autoScaler) newPodDelay() time.Duration {
	return a.duration(a.NewPodDelay, autoScalerDefaults.NewPodDelay)
}

func (a autoScaler) threshold() float64 {
	share, _ := strconv.ParseFloat(cmp.Or(a.Threshold, autoScalerDefaults.Threshold), 64)
	return share
}

func (a autoScaler) skipSystemPods() bool {
	return cmp.Or(a.SkipSystemPods, autoScalerDefaults.SkipSystemPods) == "true"
}

func (a autoScaler) skipLocal() bool {
	return cmp.Or(a.SkipLocal, autoScalerDefaults.SkipLocal) == "true"
}

// halts tells whether so many of all nodes are not ready that the autoscaler leaves everything as it is: more than a count and more
// than a percentage.
func (a autoScaler) halts(unready, all int) bool {
	count, _ := strconv.Atoi(cmp.Or(a.UnreadyCount, autoScalerDefaults.UnreadyCount))
	share, _ := strconv.Atoi(cmp.Or(a.UnreadyShare, autoScalerDefaults.UnreadyShare))
	return unready > count && unready*100 > share*all
}
