/// The allocation flags that matter to the replay. include/linux/gfp_types.h
public enum GfpFlags {
  /// `__GFP_COMP`: bit 18 in every kernel from 5.4 to 7.1.
  public static let compound: UInt64 = 0x40000
}
