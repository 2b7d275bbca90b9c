#!/bin/sh
# SPDX-License-Identifier: ISC
# Makes a machine of the Debian tree $1: its systemd is process 1 there, with a network, processes and
# mounts of its own, in the control group $2. All of it ends with this process.
set -eu
tree=$1
if [ $# -eq 2 ]; then
	echo $$ >"$2/cgroup.procs"
	exec unshare --net --pid --ipc --uts --cgroup --mount --fork --kill-child "$0" "$tree"
fi

mount -t proc proc "$tree/proc"
mount -t sysfs -o ro sysfs "$tree/sys"
mount -t cgroup2 cgroup2 "$tree/sys/fs/cgroup"
mount -t tmpfs tmpfs "$tree/run"
mount -t tmpfs tmpfs "$tree/tmp"
mount -t tmpfs -o mode=755 tmpfs "$tree/dev"
for device in null zero full random urandom tty; do
	touch "$tree/dev/$device"
	mount --bind "/dev/$device" "$tree/dev/$device"
done
ln -s /proc/self/fd "$tree/dev/fd"
mkdir "$tree/dev/pts" "$tree/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$tree/dev/pts"
ln -s pts/ptmx "$tree/dev/ptmx"
mount -t tmpfs tmpfs "$tree/dev/shm"
hostname claviger-test
cd "$tree"
pivot_root . mnt
umount -l /mnt
exec env -i container=claviger-test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
