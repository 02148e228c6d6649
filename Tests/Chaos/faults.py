"""The table of faults. To add one, write a class (fault.py says how) beside those it is like, and name it here; the run does the rest."""

import host_faults as host
import list_faults as lists
import network_faults as network
import process_faults as process
from fault import Fault


FAULTS = (
    Fault,
    process.Kill, process.KillDuringStart, process.Restart, process.TakeOver, process.KillDuringTakeOver, process.StopAndContinue,
    process.Starvation, process.Overrun, process.OtherOwner, process.SecondInstance,
    lists.GoodReload, lists.HangUps, lists.KillDuringReload, lists.BadList, lists.CarelessList, lists.HugeList, lists.ShrunkenList,
    lists.TruncatedList, lists.AlteredList, lists.UnsignedList, lists.ReplayedList, lists.BadConfiguration, lists.LostLists, lists.DamagedState,
    host.FullDisk, host.ReadOnlyDisk, host.ClockStep, host.MemoryLimit, host.NoDescriptors, host.WildClients, host.StuckLog,
    network.RemovedRules, network.ForgottenConnections, network.Garbage, network.InterfaceDown,
)
