using System.Globalization;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;

namespace CloudIa.Aws.Storage;

/// <summary>One conditional write of one item: a change of some of its attributes, the whole item, or its removal.</summary>
internal sealed class DynamoWrite
{
    private readonly ItemKey key;
    private readonly Item? whole;
    private readonly bool removal;
    private readonly Dictionary<string, string> names = [];
    private readonly Item values = [];
    private readonly List<string> sets = [];
    private readonly List<string> removes = [];
    private readonly List<string> conditions = [];

    private DynamoWrite(ItemKey key, Item? whole, bool removal) => (this.key, this.whole, this.removal) = (key, whole, removal);

    public ItemKey Key => key;

    public bool IsPut => whole is not null;

    public bool IsRemoval => removal;

    public static DynamoWrite Update(ItemKey key) => new(key, null, removal: false);

    public static DynamoWrite Put(Item item) => new(ItemKey.Of(item), item, removal: false);

    public static DynamoWrite Remove(ItemKey key) => new(key, null, removal: true);

    /// <summary>Sets an attribute; null takes it away.</summary>
    public DynamoWrite Set(string name, AttributeValue? value)
    {
        if (value is null)
        {
            removes.Add(Name(name));
        }
        else
        {
            sets.Add($"{Name(name)} = {Value(value)}");
        }

        return this;
    }

    public DynamoWrite SetIfMissing(string name, AttributeValue? value)
    {
        if (value is not null)
        {
            sets.Add($"{Name(name)} = if_not_exists({Name(name)}, {Value(value)})");
        }

        return this;
    }

    /// <summary>Adds to a number, which counts as 0 where there is none.</summary>
    public DynamoWrite Add(string name, long number)
    {
        sets.Add($"{Name(name)} = if_not_exists({Name(name)}, {Value(Field.Of(0))}) + {Value(Field.Of(number))}");
        return this;
    }

    public DynamoWrite SetTo(string name, string other)
    {
        sets.Add($"{Name(name)} = {Name(other)}");
        return this;
    }

    public DynamoWrite IfNew() => IfMissing(DynamoTable.PartitionKey);

    /// <summary>Either the item is not there, or all of the conditions hold that are made here.</summary>
    public DynamoWrite IfNewOr(Action<DynamoWrite> make)
    {
        var before = conditions.Count;
        make(this);
        var made = string.Join(" AND ", conditions[before..]);
        conditions.RemoveRange(before, conditions.Count - before);
        return If($"(attribute_not_exists({Name(DynamoTable.PartitionKey)}) OR ({made}))");
    }

    public DynamoWrite IfThere() => IfHas(DynamoTable.PartitionKey);

    public DynamoWrite IfMissing(string name) => If($"attribute_not_exists({Name(name)})");

    public DynamoWrite IfHas(string name) => If($"attribute_exists({Name(name)})");

    public DynamoWrite IfIs(string name, AttributeValue value) => If($"{Name(name)} = {Value(value)}");

    public DynamoWrite IfAtLeast(string name, long number) => If($"{Name(name)} >= {Value(Field.Of(number))}");

    public DynamoWrite IfLess(string name, long number) => If($"{Name(name)} < {Value(Field.Of(number))}");

    /// <summary>Either the attribute is not there, or another one has a value.</summary>
    public DynamoWrite IfMissingOrIs(string missing, string name, AttributeValue value) =>
        If($"(attribute_not_exists({Name(missing)}) OR {Name(name)} = {Value(value)})");

    /// <summary>Either the one is not there, or the other is.</summary>
    public DynamoWrite IfMissingOrHas(string missing, string name) =>
        If($"(attribute_not_exists({Name(missing)}) OR attribute_exists({Name(name)}))");

    public PutItemRequest ToPut(string table) => new()
    {
        TableName = table,
        Item = whole,
        ConditionExpression = Condition,
        ExpressionAttributeNames = Names,
        ExpressionAttributeValues = Values,
        ReturnConsumedCapacity = ReturnConsumedCapacity.TOTAL,
    };

    public UpdateItemRequest ToUpdate(string table) => new()
    {
        TableName = table,
        Key = key.ToItem(),
        UpdateExpression = Change,
        ConditionExpression = Condition,
        ExpressionAttributeNames = Names,
        ExpressionAttributeValues = Values,
        ReturnValues = ReturnValue.ALL_NEW,
        ReturnConsumedCapacity = ReturnConsumedCapacity.TOTAL,
    };

    public DeleteItemRequest ToRemoval(string table) => new()
    {
        TableName = table,
        Key = key.ToItem(),
        ConditionExpression = Condition,
        ExpressionAttributeNames = Names,
        ExpressionAttributeValues = Values,
        ReturnValues = ReturnValue.ALL_OLD,
        ReturnConsumedCapacity = ReturnConsumedCapacity.TOTAL,
    };

    public TransactWriteItem ToPart(string table) => IsPut
        ? new TransactWriteItem
        {
            Put = new Put { TableName = table, Item = whole, ConditionExpression = Condition, ExpressionAttributeNames = Names, ExpressionAttributeValues = Values },
        }
        : new TransactWriteItem
        {
            Update = new Update
            {
                TableName = table,
                Key = key.ToItem(),
                UpdateExpression = Change,
                ConditionExpression = Condition,
                ExpressionAttributeNames = Names,
                ExpressionAttributeValues = Values,
            },
        };

    private string? Condition => conditions.Count == 0 ? null : string.Join(" AND ", conditions);

    private Dictionary<string, string>? Names => names.Count == 0 ? null : names.ToDictionary(name => name.Value, name => name.Key);

    private Item? Values => values.Count == 0 ? null : values;

    private string Change =>
        $"{(sets.Count == 0 ? "" : $"SET {string.Join(", ", sets)}")}{(removes.Count == 0 ? "" : $" REMOVE {string.Join(", ", removes)}")}";

    private DynamoWrite If(string condition)
    {
        conditions.Add(condition);
        return this;
    }

    private string Name(string attribute)
    {
        if (!names.TryGetValue(attribute, out var name))
        {
            names[attribute] = name = string.Create(CultureInfo.InvariantCulture, $"#n{names.Count}");
        }

        return name;
    }

    private string Value(AttributeValue value)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $":v{values.Count}");
        values[name] = value;
        return name;
    }
}
