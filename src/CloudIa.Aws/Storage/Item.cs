global using Item = System.Collections.Generic.Dictionary<string, Amazon.DynamoDBv2.Model.AttributeValue>;

using System.Globalization;
using Amazon.DynamoDBv2.Model;

namespace CloudIa.Aws.Storage;

/// <summary>An item's two keys.</summary>
internal readonly record struct ItemKey(string Partition, string Sort)
{
    public static ItemKey Of(Item item) => new(item[DynamoTable.PartitionKey].S, item[DynamoTable.SortKey].S);

    public Item ToItem() => new() { [DynamoTable.PartitionKey] = Field.Of(Partition), [DynamoTable.SortKey] = Field.Of(Sort) };
}

/// <summary>Attributes and what they mean. Times are kept as whole milliseconds.</summary>
internal static class Field
{
    public static AttributeValue Of(string text) => new() { S = text };

    public static AttributeValue Of(long number) => new() { N = number.ToString(CultureInfo.InvariantCulture) };

    public static AttributeValue Of(DateTimeOffset time) => Of(time.ToUnixTimeMilliseconds());

    public static string? Text(this Item item, string name) => item.TryGetValue(name, out var value) ? value.S : null;

    public static long? Number(this Item item, string name) =>
        item.TryGetValue(name, out var value) ? long.Parse(value.N, CultureInfo.InvariantCulture) : null;

    public static DateTimeOffset? Time(this Item item, string name) =>
        item.Number(name) is { } milliseconds ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;

    /// <summary>Sets what is not null.</summary>
    public static Item With(this Item item, string name, string? text)
    {
        if (text is not null)
        {
            item[name] = Of(text);
        }

        return item;
    }

    /// <summary>Sets what is not null.</summary>
    public static Item With(this Item item, string name, long? number)
    {
        if (number is { } value)
        {
            item[name] = Of(value);
        }

        return item;
    }
}
