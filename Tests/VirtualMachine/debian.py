"""A virtual machine with a disk that holds a Debian of debootstrap's, whose first process is systemd.

    with DebianMachine("/where/things/are/kept", release="bookworm", mirror=URL) as machine:
        machine.install(program)
        machine.add_disk(path, "/where/it/goes")
        for line in machine.run(["program", "argument"], time_limit=300): …

The folder of debootstrap is made once for each release and kept; each run works on a copy. What the command writes to standard output is carried by
the second serial port, as in other machines.
"""

import os
import shlex
import shutil

from hosts import HERE, run
from machine import Machine

# What the unit needs and what the test looks with.
PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "udev", "kmod", "iproute2", "nftables", "iptables", "bind9-dnsutils", "curl", "openssl", "procps", "python3",
    "dnsmasq-base", "jq", "util-linux", "publicsuffix", "sudo",
)
# The soname packages of what the program is linked with; Debian 13 renamed some.
LIBRARIES = {
    "bookworm": ("libnetfilter-queue1", "libmnl0", "libpcap0.8", "libidn2-0", "libxxhash0", "libssl3", "libsqlite3-0", "libseccomp2"),
    "trixie": ("libnetfilter-queue1", "libmnl0", "libpcap0.8t64", "libidn2-0", "libxxhash0", "libssl3t64", "libsqlite3-0", "libseccomp2"),
}
# Of which some would wait for a network, or for somebody to log in.
UNWANTED = (
    "systemd-timesyncd.service", "systemd-networkd-wait-online.service", "serial-getty@ttyS0.service", "serial-getty@ttyS1.service",
    "getty@tty1.service", "dnsmasq.service", "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
)

# Runs the command once the system is up, and switches the machine off.
UNIT = """[Unit]
Description=The test
After=basic.target

[Service]
Type=oneshot
Environment=LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
ExecStart=/bin/sh -c 'stty -F /dev/ttyS1 raw -echo; {command} >/dev/ttyS1 2>/dev/ttyS0; echo "machine: status $?" >/dev/ttyS1'
ExecStopPost=/bin/systemctl poweroff --force --no-block
TimeoutStartSec=infinity
"""


class DebianMachine(Machine):
    # What it takes to read the disk; the rest lies on it.
    modules = ("drivers/block/virtio_blk.ko", "drivers/virtio/", "fs/ext4/", "lib/crc", "crypto/crc32c", "arch/x86/crypto/crc32c")
    init = "boot-disk"

    def __init__(self, tools, release, mirror):
        super().__init__(tools)
        self.debian, self.mirror = release, mirror

    def lay_out(self):
        super().lay_out()
        for name in ("modprobe", "switch_root", "umount"):
            os.symlink("busybox", os.path.join(self.root, "usr/bin", name))
        os.makedirs(os.path.join(self.root, "mnt"), exist_ok=True)
        self.disk_root = os.path.join(self.folder, "disk")
        run("cp", "-a", "--reflink=auto", self.base(), self.disk_root, patience=300)
        os.makedirs(f"{self.disk_root}/lib/modules", exist_ok=True)
        run("cp", "-a", self.kernel_modules, f"{self.disk_root}/lib/modules/", patience=120)
        for unit in UNWANTED:
            self.link_disk("/dev/null", f"/etc/systemd/system/{unit}")
        self.write_disk("/etc/fstab", "/dev/vda / ext4 defaults 0 0\n")
        self.write_disk("/etc/hostname", "gate\n")
        self.write_disk("/etc/hosts", "127.0.0.1 localhost gate\n")
        self.write_disk("/etc/machine-id", f"{0x9a7e:032x}\n")

    def base(self):
        """The folder of debootstrap, made where none with these packages is kept from an earlier run."""
        folder = os.path.join(self.tools, self.debian)
        include = ",".join((*PACKAGES, *LIBRARIES[self.debian]))
        try:
            with open(f"{folder}.packages") as file:
                is_kept = file.read() == include
        except OSError:
            is_kept = False
        if not is_kept:
            fresh = os.path.join(self.folder, "debootstrap")
            run("debootstrap", "--variant=minbase", f"--include={include}", self.debian, fresh, self.mirror, patience=1800)
            shutil.rmtree(os.path.join(fresh, "var/cache/apt/archives"), ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)
            os.rename(fresh, folder)
            with open(f"{folder}.packages", "w") as file:
                file.write(include)
        return folder

    def install(self, program):
        """Puts the program, the units and their user in place, as `make install` does on a host."""
        top = os.path.realpath(f"{HERE}/../..")
        run("make", "--no-print-directory", "-C", top, "-o", "build", "install", f"BINARY={program}", f"DESTDIR={self.disk_root}", "PREFIX=/usr",
            "UNITDIR=/lib/systemd/system", patience=120)
        run("systemd-sysusers", f"--root={self.disk_root}")
        run("chroot", self.disk_root, "chgrp", "-R", "grindvakt", "/etc/grindvakt")

    # ---- the disk ----

    def on_disk(self, path):
        return os.path.join(self.disk_root, path.lstrip("/"))

    def add_disk(self, source, target):
        os.makedirs(os.path.dirname(self.on_disk(target)), exist_ok=True)
        shutil.copy2(source, self.on_disk(target))

    def write_disk(self, path, text):
        os.makedirs(os.path.dirname(self.on_disk(path)), exist_ok=True)
        with open(self.on_disk(path), "w", encoding="utf-8") as file:
            file.write(text)

    def link_disk(self, target, path):
        os.makedirs(os.path.dirname(self.on_disk(path)), exist_ok=True)
        if os.path.lexists(self.on_disk(path)):
            os.remove(self.on_disk(path))
        os.symlink(target, self.on_disk(path))

    # ---- its run ----

    def run(self, command, time_limit):
        self.write_disk("/etc/systemd/system/test.service", UNIT.format(command=shlex.join(command)))
        self.link_disk("/lib/systemd/system/multi-user.target", "/etc/systemd/system/default.target")
        self.link_disk("/etc/systemd/system/test.service", "/etc/systemd/system/multi-user.target.wants/test.service")
        image = os.path.join(self.folder, "disk.img")
        with open(image, "wb") as file:
            file.truncate(2 << 30)
        run("mke2fs", "-q", "-F", "-t", "ext4", "-O", "^metadata_csum", "-d", self.disk_root, image, patience=300)
        self.words = ("-drive", f"file={image},format=raw,if=virtio,cache=unsafe")
        yield from super().run(command, time_limit)
