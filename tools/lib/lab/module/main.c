// SPDX-License-Identifier: GPL-2.0
/* /dev/pagelab: commits mistakes with pages on purpose. For guests of the lab only: it corrupts the kernel that loads it. */
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include "lab.h"

static ssize_t lab_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	char word[24] = "";
	int err;

	if (bytes >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, from, bytes))
		return -EFAULT;
	err = commit_by_word(word);
	return err ? err : bytes;
}

/* The misc layer leaves its own pointer there. */
static int lab_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL;
	return 0;
}

static const struct file_operations lab_fops = {
	.owner = THIS_MODULE,
	.open = lab_open,
	.write = lab_write,
	.mmap = lab_mmap,
	.unlocked_ioctl = lab_ioctl,
	.release = lab_release,
	.get_unmapped_area = thp_get_unmapped_area,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pagelab",
	.mode = 0600,
	.fops = &lab_fops,
};
module_misc_device(device);
MODULE_DESCRIPTION("Mistakes with pages, made on purpose");
MODULE_LICENSE("GPL");
