-- After Quarto's own filters: what stands in a block of typst would lose its distance to what is outside.

if not quarto.doc.is_format("typst") then return {} end

return {
  Div = function(div)
    return div.identifier == "" and #div.attributes == 0 and div.content or nil
  end,
}
