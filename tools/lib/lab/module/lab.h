/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/mm.h>
#include <linux/huge_mm.h>
#include <linux/fs.h>

/* Says on the console which block a mistake concerns: the label of the capture. */
static inline void announce(const char *word, struct page *page, unsigned int order)
{
	pr_info("pagelab: %s pfn=0x%lx order=%u\n", word, page_to_pfn(page), order);
}

int commit_by_word(const char *word); /* counts.c: 0, or -ENOENT when the word is unknown */

/* mappings.c */
int lab_mmap(struct file *file, struct vm_area_struct *vma);
long lab_ioctl(struct file *file, unsigned int act, unsigned long unused);
int lab_release(struct inode *inode, struct file *file);
