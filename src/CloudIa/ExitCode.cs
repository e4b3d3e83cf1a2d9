namespace CloudIa;

/// <summary>What the program says to whoever started it; as sysexits.h has it for usage.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Usage = 64;
}
