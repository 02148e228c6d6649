"""A virtual machine with a Debian kernel, emulated in software, whose whole system is an initramfs made from this host's packages.

    with Machine("/where/the/kernel/is/kept") as machine:
        machine.add_packages("nftables", …)
        machine.add(path, "/where/it/goes")
        for line in machine.run(["program", "argument"], time_limit=300): …

The kernel is Debian's package linux-image-cloud-amd64, downloaded and unpacked, never installed. The machine has no network of its own. The
first serial port is its console, which goes to a log; the second carries what the program writes to standard output.
"""

import glob
import os
import re
import selectors
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time

from hosts import HERE, Failure, run

QEMU = "qemu-system-x86_64"
KERNEL = "linux-image-cloud-amd64"
MEMORY, PROCESSORS = "1024", "2"
STATUS = "machine: status "

# The folders of modules that a router may need, and single ones. modprobe loads them when the kernel asks, as on any Debian host.
MODULES = ("net/netfilter", "net/ipv4/netfilter", "net/ipv6/netfilter", "drivers/net/veth.ko")

# The parts of Python's library that no program here uses, and that are large.
UNUSED = ("test", "idlelib", "lib2to3", "ensurepip", "distutils", "tkinter", "pydoc_data", "config-*", "dist-packages", "site-packages")


class Machine:
    # The kernel's modules that it holds, the first process, and what qemu is told besides; another kind of machine has its own.
    modules, init, words = MODULES, "init", ()

    def __init__(self, tools):
        """`tools` is the folder that keeps the kernel's package, and the console's log."""
        self.tools = os.path.abspath(tools)
        self.console = os.path.join(self.tools, "console.log")
        self.process = None

    def __enter__(self):
        for what, condition in (
            ("an x86-64 host with Debian's packages", run("dpkg", "--print-architecture").stdout.strip() == "amd64"),
            ("qemu; run: apt-get install qemu-system-x86", shutil.which(QEMU)),
            ("cpio; run: apt-get install cpio", shutil.which("cpio")),
            ("busybox; run: apt-get install busybox-static", shutil.which("busybox")),
            ("depmod; run: apt-get install kmod", shutil.which("depmod")),
        ):
            if not condition:
                raise Failure(f"the virtual machine needs {what}")
        os.makedirs(self.tools, exist_ok=True)
        self.remove_left_overs()
        self.folder = tempfile.mkdtemp(prefix=f"machine-{os.getpid()}-", dir=self.tools)
        try:
            self.lay_out()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def remove_left_overs(self):
        """Removes the folders of runs whose process is gone."""
        for folder in glob.glob(f"{self.tools}/machine-*-*"):
            if not os.path.exists(f"/proc/{os.path.basename(folder).split('-')[1]}/exe"):
                shutil.rmtree(folder, ignore_errors=True)

    # ---- the system ----

    def lay_out(self):
        self.root = os.path.join(self.folder, "root")
        for folder in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc", "proc", "sys", "dev", "run", "tmp", "var/lib/misc"):
            os.makedirs(os.path.join(self.root, folder))
        for folder in ("bin", "sbin", "lib", "lib64"):
            os.symlink(f"usr/{folder}", os.path.join(self.root, folder))
        os.symlink("/run", os.path.join(self.root, "var/run"))
        self.add(os.path.realpath(shutil.which("busybox")), "/usr/bin/busybox")
        for name in ("sh", "mount", "mkdir", "stty", "reboot"):
            os.symlink("busybox", os.path.join(self.root, "usr/bin", name))
        self.add(f"{HERE}/{self.init}", "/init")
        for file in ("passwd", "group", "protocols", "services"):
            if os.path.exists(f"/etc/{file}"):
                self.add(f"/etc/{file}")
        self.add_kernel()

    def add(self, source, target=None):
        """Copies a file with its mode and time; of a link, what it leads to."""
        path = self.path(target or source)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.lexists(path):
            os.remove(path)
        shutil.copy2(source, path)

    def path(self, path):
        """Where a path of the machine lies here; its /bin, /sbin and /lib are links into /usr."""
        path = re.sub(r"^/(bin|sbin|lib|lib64)/", r"/usr/\1/", path)
        return os.path.join(self.root, path.lstrip("/"))

    def add_packages(self, *packages):
        """Copies what installed Debian packages hold, documents left out."""
        for file in run("dpkg-query", "-L", *packages).stdout.splitlines():
            if file.startswith(("/usr/share/", "/etc/init.d/", "/etc/default/")) or not os.path.isfile(file):
                continue
            if os.path.islink(file):
                path = self.path(file)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                if not os.path.lexists(path):
                    os.symlink(os.readlink(file), path)
            else:
                self.add(file)

    def add_python(self):
        """Copies the Python that runs this, with its library."""
        library = sysconfig.get_path("stdlib")
        self.add(os.path.realpath(sys.executable), "/usr/bin/python3")
        ignored = shutil.ignore_patterns(*UNUSED)
        shutil.copytree(library, self.path(library), ignore=ignored, dirs_exist_ok=True)

    def add_libraries(self):
        """Copies the shared libraries of all programs and libraries that are there."""
        wanted = set()
        for folder, _, files in os.walk(os.path.join(self.root, "usr")):
            for file in (os.path.join(folder, name) for name in files):
                if os.path.islink(file) or file.endswith(".ko"):
                    continue
                with open(file, "rb") as opened:
                    if opened.read(4) != b"\x7fELF":
                        continue
                # A static program has none, which ldd calls an error.
                wanted.update(re.findall(r"(/\S+) \(0x", run("ldd", file, check=False).stdout))
        for library in wanted:
            if not os.path.exists(self.path(library)):
                self.add(library)

    def add_kernel(self):
        """Downloads the kernel's package where it is not kept from an earlier run, and takes image and modules out of it."""
        package = self.kernel_package()
        tree = os.path.join(self.folder, "kernel")
        run("dpkg-deb", "-x", package, tree)
        images = glob.glob(f"{tree}/boot/vmlinuz-*")
        if len(images) != 1:
            raise Failure(f"{package}: holds {len(images)} kernels instead of one")
        self.image = images[0]
        self.release = os.path.basename(images[0]).removeprefix("vmlinuz-")
        modules = glob.glob(f"{tree}/lib/modules/{self.release}") + glob.glob(f"{tree}/usr/lib/modules/{self.release}")
        if not modules:
            raise Failure(f"{package}: holds no modules of {self.release}")
        run("depmod", "-b", os.path.dirname(os.path.dirname(os.path.dirname(modules[0]))), self.release)
        needs = {}
        with open(f"{modules[0]}/modules.dep") as file:
            for line in file:
                module, others = line.split(":")
                needs[module] = others.split()
        chosen = [module for module in needs if module.startswith(tuple(f"kernel/{name}" for name in self.modules))]
        for module in set(chosen).union(*(needs[module] for module in chosen)):
            self.add(f"{modules[0]}/{module}", f"/lib/modules/{self.release}/{module}")
        self.kernel_modules = modules[0]
        for file in glob.glob(f"{modules[0]}/modules.*"):
            self.add(file, f"/lib/modules/{self.release}/{os.path.basename(file)}")

    def kernel_package(self):
        kept = glob.glob(f"{self.tools}/linux-image-*.deb")
        if kept:
            return kept[0]
        # In a folder of its own first, so that half a download is never taken for the package.
        folder = os.path.join(self.folder, "download")
        os.mkdir(folder)
        said = f"{KERNEL}: no such package"
        for is_fresh in (False, True):
            # The list of packages may be missing, or older than what is to be had.
            if is_fresh:
                run("apt-get", "-q", "update", patience=600)
            name = self.kernel_name()
            if name:
                done = subprocess.run(("apt-get", "-q", "download", name), cwd=folder, capture_output=True, text=True)
                if done.returncode == 0:
                    return shutil.move(glob.glob(f"{folder}/*.deb")[0], self.tools)
                said = (done.stderr.strip().splitlines() or [f"{name}: cannot be downloaded"])[-1]
        raise Failure(f"the virtual machine needs a kernel of Debian's: {said}")

    def kernel_name(self):
        """The package that the newest kernel of this kind is in."""
        found = re.search(r"Depends: (linux-image-\S+)", run("apt-cache", "depends", KERNEL, check=False).stdout)
        return found and found[1]

    # ---- its run ----

    def pack(self):
        """Makes the initramfs; uncompressed, since an emulated processor would take longer to unpack it."""
        self.add_libraries()
        archive = os.path.join(self.folder, "initramfs")
        with open(archive, "wb") as file:
            names = "\0".join(sorted(self.files())) + "\0"
            command = ("cpio", "--null", "--create", "--format=newc", "--owner=0:0", "--quiet")
            done = subprocess.run(command, cwd=self.root, input=names.encode(), stdout=file, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise Failure(f"cpio: {done.stderr.decode().strip()}")
        return archive

    def files(self):
        for folder, folders, files in os.walk(self.root):
            for name in folders + files:
                yield os.path.relpath(os.path.join(folder, name), self.root)

    def run(self, command, time_limit):
        """Boots the machine, runs a command in it and yields the lines that it writes; ends with a failure where the command does."""
        with open(self.path("/command"), "w") as file:
            file.write("".join(f"{word}\n" for word in command))
        words = (
            "setpriv", "--pdeathsig", "KILL",
            QEMU, "-machine", "pc", "-accel", "tcg", "-cpu", "max", "-smp", PROCESSORS, "-m", MEMORY, *self.words,
            "-nodefaults", "-no-user-config", "-display", "none", "-nic", "none", "-no-reboot",
            "-kernel", self.image, "-initrd", self.pack(), "-append", "console=ttyS0 panic=-1 quiet",
            "-serial", f"file:{self.console}", "-serial", "stdio",
        )
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.process = process
        try:
            yield from self.lines(process, time.monotonic() + time_limit, time_limit)
        finally:
            self.stop()
            process.communicate()

    def stop(self):
        """Switches the machine off; may be called from another thread, and where it does not run."""
        if self.process:
            self.process.kill()

    def lines(self, process, end, time_limit):
        status, rest = None, b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                if not selector.select(max(0, end - time.monotonic())):
                    raise Failure(f"the virtual machine was not done within {time_limit:g} s; its console: {self.console}")
                data = os.read(process.stdout.fileno(), 65_536)
                if not data:
                    break
                *lines, rest = (rest + data).split(b"\n")
                for line in (line.decode(errors="replace").rstrip("\r") for line in lines):
                    if line.startswith(STATUS):
                        status = int(line.removeprefix(STATUS))
                    else:
                        yield line
        if status is None:
            said = process.stderr.read().decode().strip() or f"its console: {self.console}"
            raise Failure(f"the virtual machine ended before the test did; {said}")
        if status != 0:
            raise Failure(f"in the virtual machine: status {status}: {self.last_words()}; its console: {self.console}")

    def last_words(self):
        """The last line that was not the kernel's."""
        with open(self.console, errors="replace") as file:
            said = [line.strip() for line in file if line.strip() and not line.startswith("[")]
        return said[-1] if said else "nothing was said"
