using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace CloudIa.Core.Intake;

/// <summary>
/// Jobs by their ids, 16 bytes each, because a million of them may wait: a short row that is looked through, or a hash
/// set where an owner may have many.
/// </summary>
internal struct JobIds
{
    /// <summary>As long as looking through is the faster of the two.</summary>
    private const int LongestRow = 64;

    private UInt128[]? row;
    private HashSet<UInt128>? set;
    private int inRow;

    public readonly int Count => set?.Count ?? inRow;

    /// <summary>The 128 bits that a job's name of 32 hex characters stands for; of any other name those of its hash.</summary>
    public static UInt128 IdOf(string name)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (name.Length != 32 || Convert.FromHexString(name, bytes, out _, out _) != OperationStatus.Done)
        {
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(Encoding.UTF8.GetBytes(name), hash);
            hash[..bytes.Length].CopyTo(bytes);
        }

        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    public readonly bool Contains(UInt128 id) => set?.Contains(id) ?? Row().Contains(id);

    /// <summary>Adds an id that is not there.</summary>
    public void Add(UInt128 id)
    {
        if (set is null && inRow == LongestRow)
        {
            set = [.. row!];
            row = null;
            inRow = 0;
        }

        if (set is not null)
        {
            set.Add(id);
            return;
        }

        if (inRow == (row?.Length ?? 0))
        {
            Array.Resize(ref row, Math.Max(1, inRow * 2));
        }

        row![inRow++] = id;
    }

    /// <summary>False where it was not there.</summary>
    public bool Remove(UInt128 id)
    {
        if (set is not null)
        {
            return set.Remove(id);
        }

        var at = Row().IndexOf(id);
        if (at >= 0)
        {
            row![at] = row[--inRow];
        }

        return at >= 0;
    }

    private readonly ReadOnlySpan<UInt128> Row() => row.AsSpan(0, inRow);
}
